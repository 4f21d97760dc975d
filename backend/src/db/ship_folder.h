/* What continuous backup leaves in its folder (ship.h), and how it is read again.
 *
 *   mms_chain_YYYYMMDD_HHMMSS/     a chain: changes without a gap, one after the other; UTC
 *     00000001.seg …               segments: what was committed, as changed pages; each bears the hash of the one before it
 *     base_00000001.db             the database's file as it was copied while it was in use: only with segments `first` to `whole`
 *                                  played into it, it is a database
 *     base_00000001.json           its manifest, written last: without one it is nothing
 *     base_00000001.proven         it was restored and proven, with what came after it (mms restore --continuous --check)
 *   uploads/                       uploaded files
 *
 * Sealed with age (crypto/age.h), what is told of a segment and of a base stays open: numbers, sizes, moments, and the checksum of the bytes
 * as they lie, so that order and wholeness can be looked at by who has no key.
 *
 *     00000001.seg                   "mms-segment-v2": behind the header, what age gave
 *     base_00000001.db.age           … its manifest has "version": 2
 *   uploads_age_0123456789abcdef/  uploaded files, each of them; the digits tell for whom, as the manifest does (age_name)
 *
 * A chain is sealed from its first byte to its last, for the same recipients, or not at all.
 *
 * To restore is to copy a base, to write the pages of each segment from `first` on over it, and to end at a segment that ends with a
 * commit. Nothing of a chain ever changes; what is being written ends with .part. */
#ifndef MMS_DB_SHIP_FOLDER_H
#define MMS_DB_SHIP_FOLDER_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/age.h"
#include "crypto/token.h"

#define SHIP_UPLOADS "uploads"
#define SHIP_SEALED_UPLOADS SHIP_UPLOADS "_age_" /* and the name of the recipients */
#define SHIP_NAME_MAX 64

/* The name of a chain that begins at that moment, or a second after the newest that is there: a clock that was set back must not
 * make a new chain look old. */
void ship_chain_name(const char *folder, int64_t ms, char out[static SHIP_NAME_MAX]);

/* ---- segments ---- */

#define SHIP_SEGMENT_HEADER_BYTES 192

struct ship_segment {
    int64_t number;  /* from 1, without gaps */
    int64_t time_ms; /* all that was committed before this is in this segment, or in one before */
    uint32_t page_size;
    uint32_t pages;       /* each is 4 bytes of number, then the page */
    uint32_t pages_after; /* how many the database has then; 0: the segment ends inside of a transaction */
    uint32_t packed, raw; /* bytes of the pages, as they lie (zlib, then age), and as they are */
    bool sealed;
    char before[HASH_HEX_MAX]; /* hash of the segment before; of the first one: 64 zeros */
    char hash[HASH_HEX_MAX];   /* SHA-256 of its header up to here, and its pages as they lie */
};

/* On the disk, whole, or not there: s->hash is set. False: errno. */
bool ship_segment_write(const char *chain, struct ship_segment *s, const unsigned char *pages);
/* What is sealed is opened with it; `said`: why age could not. */
struct ship_key {
    const char *identity; /* the file; NULL: there is none */
    char said[AGE_SAID_MAX];
};
/* *pages (may be NULL, then key as well): malloc, unpacked. RC_NOT_FOUND; RC_FILES_DAMAGED; RC_FILES_REFUSED: it is whole, and the key does
 * not open it. */
MUST_CHECK enum rc ship_segment_read(const char *chain, int64_t number, struct ship_segment *s, struct ship_key *key, unsigned char **pages);
/* Numbers of the first and the last segment of a chain; 0: it has none. */
void ship_segment_range(const char *chain, int64_t *first, int64_t *last);

/* ---- bases ---- */

struct ship_base {
    const char *chain; /* name of its folder */
    int64_t number;    /* of the segment that was written next when it was begun */
    int64_t first;     /* what is played into it begins here: at the first frame of the log of that time */
    int64_t whole;     /* … and must go up to here */
    int64_t site;      /* which database: when it was made, as its first migration tells */
    int64_t made_ms;   /* when it was begun */
    int64_t whole_ms;  /* the earliest moment that it brings back */
    int64_t proven_ms; /* 0: never */
    int64_t bytes, page_size;
    int64_t stored;     /* bytes as they lie */
    const char *hash;   /* … and their SHA-256 */
    const char *sealed; /* for whom (age_name); NULL: it is not */
};

/* Of a file that belongs to a base. */
const char *ship_base_path(struct arena *a, const char *chain, int64_t number, const char *ending);
/* What its copy of the database ends with. */
const char *ship_base_ending(const struct ship_base *b);
/* The manifest. False: errno. */
bool ship_base_write(struct arena *a, const char *chain, const struct ship_base *b);
/* Notes that it was proven. False: errno. */
bool ship_base_note_proof(struct arena *a, const char *chain, const struct ship_base *b, int64_t now_ms);
/* All of all chains, the newest first. */
size_t ship_bases(struct arena *a, const char *folder, struct ship_base **out);

/* Removes what no base needs that is kept: the two newest, the newest proven one, and of each of the last 7 days on which there are any
 * the last one. With the last base that is sealed for somebody, or for nobody, the uploaded files go that lie there in the same way.
 * `current` is the chain that is written to; `live` (may be NULL) the service's own folder of uploaded files, which is never touched. Returns
 * how many bases went. */
size_t ship_prune(struct arena *a, const char *folder, const char *current, const char *live);
/* A chain with all that is in it. */
void ship_chain_remove(struct arena *a, const char *folder, const char *chain);

/* ---- restoring ---- */

struct ship_restored {
    struct ship_base base;
    int64_t segments, as_of_ms; /* how many were played into it; all that was committed before this moment is there */
};

struct ship_wish {
    const char *folder;
    int64_t until_ms;     /* 0: the newest there is */
    const char *file;     /* must not be there; NULL: only looked at: order and checksums, for which nobody needs a key */
    const char *identity; /* the file with age's private key; NULL: there is none */
    void (*warn)(const char *zh, const char *en); /* told of what was passed over without loss */
};

/* The newest state that the folder holds, or the newest one not after until_ms, as a new file. Each base and segment is held against its
 * checksum. On failure `why` is a sentence that names what is damaged or missing and what can be restored instead, or what is needed to open
 * what is sealed (RC_FILES_REFUSED); the file is gone. */
MUST_CHECK enum rc ship_restore(struct arena *a, const struct ship_wish *wish, struct ship_restored *out, struct error *why);

#endif
