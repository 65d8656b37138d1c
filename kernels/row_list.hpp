// Compile-time building blocks for the list of rows: names by the grammar, and lists that can be joined.
#pragma once

#include <cstddef>
#include <type_traits>

#include "names.hpp"
#include "row.hpp"

namespace sixfold {

// A string that can be a template's value and be built at compile time.
struct RowName {
  char text[47] = {};
  unsigned char length = 0;

  constexpr void add(const char* part) {
    while (*part != '\0') text[length++] = *part++;
  }
  constexpr void add(int number) {
    if (number >= 10) add(number / 10);
    text[length++] = static_cast<char>('0' + number % 10);
  }
};

template <std::size_t N>
struct RowList {
  static constexpr std::size_t size = N;
  KernelRow rows[N == 0 ? 1 : N] = {};
};

template <std::size_t... Ns>
constexpr auto join(const RowList<Ns>&... lists) {
  RowList<(Ns + ...)> all;
  std::size_t next = 0;
  auto append = [&](const auto& list) {
    for (std::size_t i = 0; i < list.size; ++i) all.rows[next++] = list.rows[i];
  };
  (append(lists), ...);
  return all;
}

template <class T>
inline constexpr Type type_of = std::is_same_v<T, Half> ? Type::fp16 : Type::fp32;

// Starts a name with "<op>_<in><acc>_<epilogue>_"; the tile and end_name() follow.
constexpr RowName begin_name(const char* op, Type in, const char* accumulator, Epilogue epilogue) {
  RowName name;
  name.add(op);
  name.add("_");
  name.add(short_name(in));
  name.add(accumulator);
  name.add("_");
  name.add(short_name(epilogue));
  name.add("_");
  return name;
}

constexpr RowName begin_name(const char* op, Type in, Accumulation accumulation, Epilogue epilogue) {
  return begin_name(op, in, short_name(accumulation), epilogue);
}

constexpr RowName begin_name(Op op, Type in, Type accumulator, Epilogue epilogue) {
  return begin_name(short_name(op), in, short_name(accumulator), epilogue);
}

template <class Isa>
constexpr RowName end_name(RowName name) {
  name.add("_");
  name.add(Isa::name);
  return name;
}

// Where part `index` of a name starts.
constexpr const char* name_part(const char* name, int index) {
  for (; index > 0; ++name) {
    if (*name == '_') --index;
  }
  return name;
}

template <std::size_t N>
struct TileTexts {
  TileText items[N] = {};
};

template <std::size_t N>
constexpr TileTexts<N> tile_texts(const RowList<N>& list) {
  TileTexts<N> texts;
  for (std::size_t i = 0; i < N; ++i) {
    const char* part = name_part(list.rows[i].name, 3);
    for (std::size_t k = 0; part[k] != '_'; ++k) texts.items[i].text[k] = part[k];
  }
  return texts;
}

constexpr bool starts_with(const char* text, const char* start) {
  while (*start != '\0' && *text == *start) ++text, ++start;
  return *start == '\0';
}

// Conversions name their output's type where others name what they accumulate in.
constexpr const char* accumulator_name(const KernelRow& row) {
  return row.op == Op::convert || row.op == Op::transpose ? short_name(row.output_type) : short_name(row.accumulation);
}

// Five parts, of which those that the row tells, too, are what it tells. The last may have underscores of its own.
constexpr bool name_fits(const KernelRow& row) {
  int separators = 0;
  for (const char* c = row.name; *c != '\0'; ++c) separators += *c == '_' ? 1 : 0;
  return separators >= 4 && starts_with(row.name, short_name(row.op)) &&
         starts_with(name_part(row.name, 1), short_name(row.type)) &&
         starts_with(name_part(row.name, 1) + 3, accumulator_name(row)) &&
         starts_with(name_part(row.name, 2), short_name(row.epilogue));
}

template <std::size_t N>
constexpr bool all_names_fit(const RowList<N>& list) {
  for (const KernelRow& row : list.rows) {
    if (!name_fits(row)) return false;
  }
  return true;
}

}  // namespace sixfold
