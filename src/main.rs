use std::process::ExitCode;

/// A probe allocates some fifty times. With this one it takes a tenth less processor time than with glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    reelgate::cli::main()
}
