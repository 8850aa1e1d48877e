/* `engine.sweeps.simulation.find_exit` for stop and target alone, over many entries: what a C extension could reach. */

#include <math.h>
#include <stdint.h>

enum { BLOCK = 8 };

void find_exits(const int64_t *entries, int64_t count, int64_t last_row, const double *open, const double *high,
                const double *low, const double *close, const double *low_of, const double *high_of, double stop_pct,
                double target_pct, int64_t *rows, double *prices)
{
    for (int64_t each = 0; each < count; each++) {
        int64_t row = entries[each] + 1;
        const double stop = close[entries[each]] * (1 - stop_pct / 100);
        const double target = close[entries[each]] * (1 + target_pct / 100);
        rows[each] = -1;
        prices[each] = 0.0;
        while (row <= last_row) {
            if (row % BLOCK == 0 && low_of[row / BLOCK] > stop && high_of[row / BLOCK] < target) {
                row += BLOCK;
                continue;
            }
            if (low[row] <= stop) {
                rows[each] = row;
                prices[each] = open[row] < stop ? open[row] : stop;
                break;
            }
            if (high[row] >= target) {
                rows[each] = row;
                prices[each] = open[row] > target ? open[row] : target;
                break;
            }
            row++;
        }
    }
}
