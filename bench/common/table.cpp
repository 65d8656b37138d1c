#include "table.hpp"

#include <cstddef>
#include <cstdio>

namespace sixfold::bench {
namespace {

std::string formatted(const char* format, int precision, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, precision, value);
  return text;
}

std::string padded(const std::string& text, const Column& column) {
  const std::size_t width = static_cast<std::size_t>(column.width);
  const std::string spaces(text.size() < width ? width - text.size() : 0, ' ');
  return column.align == Align::left ? text + spaces : spaces + text;
}

std::string ended(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string Table::header() const {
  std::vector<std::string> titles;
  std::size_t width = columns_.empty() ? 0 : 2 * (columns_.size() - 1);
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    width += static_cast<std::size_t>(column.width);
  }
  return row(titles) + std::string(width, '-') + "\n";
}

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
    if (i != 0) line += "  ";
    line += padded(cells[i], columns_[i]);
  }
  return ended(line);
}

std::string fixed(double value, int digits) { return formatted("%.*f", digits, value); }
std::string significant(double value) { return formatted("%.*g", 3, value); }
std::string percent(double fraction) { return formatted("%.*f", 1, 100 * fraction); }

}  // namespace sixfold::bench
