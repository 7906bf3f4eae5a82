//! Distributions of the apk family: made mirrors, a real `apk`, and boots.

mod attacks;
mod boots;
mod determinism;
mod distributions;
mod made;
mod owned;
mod privileges;
mod real;
mod scripts;
mod sources;
mod tree;
