// Row numbers in order, for adding up the rows of a table that have the same number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cpu/arrays.hpp"

namespace kx {

// Raises ValueError for a row number that the table does not have.
[[noreturn]] inline void refuse_row(int64_t id, int64_t table_rows) {
    const std::string text = "embedding: id " + std::to_string(id) + " is out of range: the table has rows 0 to " +
                             std::to_string(table_rows - 1) + ".";
    throw nb::value_error(text.c_str());
}

// The different numbers among `count` ids in ascending order, and for each the places where it stands, also ascending:
// row_ids[k] is at places[starts[k]], ..., places[starts[k + 1] - 1]. So sums do not depend on anything but the ids.
class RowOrder {
   public:
    RowOrder() = default;

    // Raises ValueError for an id that is not in [0, table_rows).
    template <typename Id>
    void sort(const Id* ids, int64_t count, int64_t table_rows) {
        places.resize(count);
        keys.resize(count);
        for (int64_t i = 0; i < count; ++i) {
            if (ids[i] < 0 || ids[i] >= table_rows) refuse_row(ids[i], table_rows);
            places[i] = i;
            keys[i] = ids[i];
        }
        for (int shift = 0; (table_rows - 1) >> shift > 0; shift += digit_bits) sort_by_digit(shift);
        row_ids.clear();
        starts.clear();
        for (int64_t i = 0; i < count; ++i) {
            if (i > 0 && keys[i] == keys[i - 1]) continue;
            row_ids.push_back(keys[i]);
            starts.push_back(i);
        }
        starts.push_back(count);
    }

    int64_t count() const { return static_cast<int64_t>(row_ids.size()); }

    // The first k whose row_ids[k] is not below `id`.
    int64_t from(int64_t id) const { return std::lower_bound(row_ids.begin(), row_ids.end(), id) - row_ids.begin(); }

    // The sum of the rows with number row_ids[k]: one of them where there is no other, else summed in `room`.
    template <typename T>
    const T* sum(int64_t k, const T* rows, int64_t width, T* room) const {
        if (starts[k + 1] == starts[k] + 1) return rows + places[starts[k]] * width;
        std::fill_n(room, width, T(0));
        add(k, rows, width, room);
        return room;
    }

    // Adds the rows with number row_ids[k] to `into`.
    template <typename T>
    void add(int64_t k, const T* rows, int64_t width, T* __restrict into) const {
        for (int64_t i = starts[k]; i < starts[k + 1]; ++i) {
            const T* row = rows + places[i] * width;
            for (int64_t j = 0; j < width; ++j) into[j] += row[j];
        }
    }

    std::vector<int64_t> row_ids, starts;

   private:
    static constexpr int digit_bits = 11;

    // One pass of a radix sort, which keeps the order of what is equal.
    void sort_by_digit(int shift) {
        constexpr int64_t digits = int64_t(1) << digit_bits;
        int64_t begins[digits + 1] = {};
        for (const int64_t key : keys) ++begins[((key >> shift) & (digits - 1)) + 1];
        for (int64_t d = 0; d < digits; ++d) begins[d + 1] += begins[d];
        other_keys.resize(keys.size());
        other_places.resize(keys.size());
        for (size_t i = 0; i < keys.size(); ++i) {
            const int64_t place = begins[(keys[i] >> shift) & (digits - 1)]++;
            other_keys[place] = keys[i];
            other_places[place] = places[i];
        }
        keys.swap(other_keys);
        places.swap(other_places);
    }

    std::vector<int64_t> keys, other_keys, places, other_places;
};

}  // namespace kx
