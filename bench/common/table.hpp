// Text tables with fixed column widths, so that rows can be printed as they come.
#pragma once

#include <string>
#include <vector>

namespace sixfold::bench {

enum class Align { left, right };

struct Column {
  std::string title;
  int width;
  Align align = Align::right;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // The titles and a line under them, each ended by a line feed.
  std::string header() const;
  // One row, ended by a line feed. A text that is too wide pushes the rest of its row to the right.
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
};

// `value` with this many digits after the point.
std::string fixed(double value, int digits);
// Three significant digits, in scientific notation when that is shorter: 0.0123, 12.3, 1.23e+09.
std::string significant(double value);
std::string percent(double fraction);

}  // namespace sixfold::bench
