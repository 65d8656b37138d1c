// Exports one function too many, needs the C++ runtime, and has thread-local storage.
extern "C" {
[[gnu::visibility("default")]] const char* sixfold_version(void);
[[gnu::visibility("default")]] int* unprefixed(int n);
}

static thread_local int calls;

const char* sixfold_version(void) { return "broken"; }
int* unprefixed(int n) { return new int(n + ++calls); }
