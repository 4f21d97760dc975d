#include "db/dialect.h"

#include <string.h>

#include "base/buf.h"

enum section { FOR_ALL, FOR_SQLITE, FOR_POSTGRES };

static const struct word {
    const char *word, *sqlite;
} words[] = {
    {"@id@", "INTEGER PRIMARY KEY AUTOINCREMENT"},
    {"@kept_id@", "INTEGER PRIMARY KEY"},
    {"@int@", "INTEGER"},
    {"@strict@", "STRICT"},
};

static const struct word *word_at(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) <= n && strncmp(text, words[i].word, strlen(words[i].word)) == 0)
            return &words[i];
    return NULL;
}

static void add_line(const char *line, size_t n, struct buf *out)
{
    while (n > 0) {
        const struct word *word = word_at(line, n);
        size_t step = word ? strlen(word->word) : 1;
        if (word)
            buf_str(out, word->sqlite);
        else
            buf_add(out, line, step);
        line += step;
        n -= step;
    }
}

static bool is_marker(const char *line, size_t n, const char *marker)
{
    size_t m = strlen(marker);
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    return n >= m && strncmp(line, marker, m) == 0 && strspn(line + m, " \t\r\n") >= n - m;
}

void dialect_sqlite(const char *text, struct buf *out)
{
    enum section section = FOR_ALL;
    while (*text) {
        size_t n = strcspn(text, "\n");
        n += text[n] == '\n';
        if (is_marker(text, n, "--:sqlite"))
            section = FOR_SQLITE;
        else if (is_marker(text, n, "--:postgres"))
            section = FOR_POSTGRES;
        else if (is_marker(text, n, "--:end"))
            section = FOR_ALL;
        else if (section != FOR_POSTGRES)
            add_line(text, n, out);
        text += n;
    }
}
