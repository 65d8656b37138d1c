// A shared inline function, which stays in the object as a weak symbol without the ISA's name.
namespace sixfold {
template <class T>
[[gnu::noinline]] T shared_helper(T a, T b) {
  return a < b ? b : a;
}
namespace broken {
float kernel(float a, float b) { return shared_helper(a, b); }
}  // namespace broken
}  // namespace sixfold
