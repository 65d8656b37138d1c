// A vector-like constant that is computed when the program is loaded, before anything is known of the CPU.
namespace sixfold::broken {
float compute();
float constant = compute();
}  // namespace sixfold::broken
