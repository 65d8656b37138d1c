// How far apart two cores are: what handing over work costs at the least, and on a shared machine may change from hour to hour.
#pragma once

namespace sixfold::bench {

// Nanoseconds in which a cache line goes from one thread to another and back: the least of several trials. 0 where there is but one
// CPU.
double round_trip_ns();

}  // namespace sixfold::bench
