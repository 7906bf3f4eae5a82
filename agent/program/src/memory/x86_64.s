// rdi: where to, rsi: where from, rdx: how many bytes.
.globl osb_memcpy
osb_memcpy:
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret

.globl osb_memmove
osb_memmove:
    mov rax, rdi
    mov rcx, rdx
    // Upwards unless the target begins inside the source.
    mov r8, rdi
    sub r8, rsi
    cmp r8, rdx
    jb 2f
    rep movsb
    ret
2:  lea rdi, [rdi + rcx - 1]
    lea rsi, [rsi + rcx - 1]
    std
    rep movsb
    cld
    ret

// rdi: where, esi: which byte, rdx: how many.
.globl osb_memset
osb_memset:
    mov r8, rdi
    mov eax, esi
    mov rcx, rdx
    rep stosb
    mov rax, r8
    ret

// rdi, rsi: what to compare, rdx: how many bytes.
.globl osb_bcmp
.globl osb_memcmp
osb_bcmp:
osb_memcmp:
    xor ecx, ecx
3:  cmp rcx, rdx
    je 4f
    movzx eax, byte ptr [rdi + rcx]
    movzx r8d, byte ptr [rsi + rcx]
    inc rcx
    sub eax, r8d
    je 3b
    ret
4:  xor eax, eax
    ret

// rdi: a string of C.
.globl osb_strlen
osb_strlen:
    xor eax, eax
5:  cmp byte ptr [rdi + rax], 0
    je 6f
    inc rax
    jmp 5b
6:  ret
