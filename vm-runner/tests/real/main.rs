fn main(){vm_runner::dispatch()}
