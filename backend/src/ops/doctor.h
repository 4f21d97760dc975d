/* mms doctor: looks at what the migration checklist wants looked at, line by line (doctor_lines.c has the table).
 *
 * A line is a function that looks, and then says ok, failed or not applicable with what it saw. One that says nothing has failed: no
 * line is ok that did not look. Texts live in d->arena. Nothing secret is ever put into a text. */
#ifndef MMS_OPS_DOCTOR_H
#define MMS_OPS_DOCTOR_H

#include "json/json.h"
#include "ops/tool.h"

#define DOCTOR_NAMES_MAX 8          /* --domain, --public-address, --only */
#define DOCTOR_BACKUP_HOURS 26      /* a backup every night, and two hours for it */
#define DOCTOR_CERTIFICATE_DAYS 30  /* checklist 4.2.2: more than this is left */
#define DOCTOR_BACKEND_MB 200       /* checklist 1.1.1 */
#define DOCTOR_FRONTEND_MB 50       /* checklist 1.1.2 */
#define DOCTOR_TIMES_SLOWER 20      /* a list may take so many times what a bare health request takes … */
#define DOCTOR_SPEED_FLOOR_US 1000  /* … which counts as no less than this, so that no machine fails for answering health fast */
#define DOCTOR_PROCESSORS 2         /* checklist, appendix A: 2 processors, 4 GB (of which the system keeps a part) … */
#define DOCTOR_MEMORY_MB 3400
#define DOCTOR_DISK_PERCENT 90      /* … and 5.2.2: no disk fuller than this */

struct doctor_options {
    const char *stage;                               /* "pre", "mid", "post"; "cloud": the account itself */
    bool json, strict, write_probe, require_engine;
    const char *url;                                 /* of the service; made from PORT without it */
    const char *domains[DOCTOR_NAMES_MAX + 1], *addresses[DOCTOR_NAMES_MAX + 1], *only[DOCTOR_NAMES_MAX + 1]; /* NULL-ended */
    const char *certificate, *ca;                    /* files: the certificate to be looked at, authorities that are believed */
    const char *project, *tag;                       /* the checkout; the images' tag */
    const char *metadata, *prometheus;               /* addresses: of the instance's metadata, of what raises alarms */
    int64_t backup_hours, http_port, https_port;
};

enum doctor_result { DOCTOR_FAILED, DOCTOR_OK, DOCTOR_NOT_APPLICABLE };

struct doctor_session {
    const char *token;       /* NULL: nobody is signed in */
    const char *problem;     /* … and why */
    const char *role;        /* "system_admin" … */
    bool is_person;          /* signed in with a password, so that one's own account can be asked for, too */
    bool asked;
    uint64_t permissions;    /* permission_set */
};

struct doctor {
    struct arena *arena;
    struct doctor_options options;
    struct settings settings;        /* those of the environment, as production has them */
    const struct error *faults;      /* what is wrong with them; NULL: nothing */
    struct doctor_session session;   /* see doctor_sign_in */
    struct client *client;           /* NULL until something is asked (cloud/client.h) */
    /* Of the line that is being looked at: */
    enum doctor_result result;
    bool spoke;
    const char *seen, *mend;
};

struct doctor_line {
    const char *stage, *id, *zh, *en;
    void (*look)(struct doctor *d);
};
extern const struct doctor_line doctor_lines[];
extern const size_t doctor_line_count;

/* What a line says, once. `mend`: the command, or the step, that mends it. */
void doctor_ok(struct doctor *d, const char *seen, ...) __attribute__((format(printf, 2, 3)));
void doctor_failed(struct doctor *d, const char *mend, const char *seen, ...) __attribute__((format(printf, 3, 4)));
void doctor_not_applicable(struct doctor *d, const char *mend, const char *seen, ...) __attribute__((format(printf, 3, 4)));

/* ---- asking over HTTP (doctor_http.c) ---- */

struct doctor_request {
    const char *method, *url; /* url: a path of the service ("/api/health"), or a whole address */
    const char *token, *media, *body, *origin;
    size_t body_n;            /* 0: strlen(body) */
    const char *ca;           /* a file of authorities; NULL: those of --ca */
    bool wants_certificate;
};

struct doctor_answer {
    int status;               /* 0: none came */
    const char *problem;      /* why not */
    const char *body, *headers; /* headers: as they came, one a line */
    size_t body_n;
    int64_t took_us;
    const char *chain;        /* PEM, of wants_certificate */
    const struct json *json;  /* the body; NULL: it is none */
};

#define DOCTOR_ANSWER_MAX (16 << 20)
#define DOCTOR_ANSWERS_WITHIN_MS 20000
#define DOCTOR_CONNECTS_WITHIN_MS 5000

/* Asks, following no redirection. True: there is an answer, whatever its status. */
bool doctor_ask(struct doctor *d, const struct doctor_request *r, struct doctor_answer *out);
bool doctor_get(struct doctor *d, const char *url, const char *token, struct doctor_answer *out);
bool doctor_send(struct doctor *d, const char *method, const char *url, const char *token, const char *json, struct doctor_answer *out);
/* The value of a header (small letters); NULL: there is none. */
const char *doctor_header(struct doctor *d, const struct doctor_answer *a, const char *name);
/* The `code` of a refusal; "" without one. */
const char *doctor_code(const struct doctor_answer *a);
/* data.NAME of an answer; NULL: there is none. */
const struct json *doctor_data(const struct doctor_answer *a, const char *name);
/* One line for a person: "HTTP 401 login_failed", or why there was no answer. */
const char *doctor_shown(struct doctor *d, const struct doctor_answer *a);
/* Signs in with MMS_DOCTOR_TOKEN, or MMS_DOCTOR_USER and MMS_DOCTOR_PASSWORD, once. NULL: it cannot; session.problem says why. */
const char *doctor_sign_in(struct doctor *d);
void doctor_sign_out(struct doctor *d);
/* The line says that it could not sign in: not applicable when nothing was given, else failed. */
void doctor_no_session(struct doctor *d);

/* ---- asking other programs (doctor_run.c) ---- */

struct doctor_ran {
    int code;           /* -1: it could not be started, or did not end in time */
    const char *out;    /* what it wrote to standard output, without the last newline */
};
#define DOCTOR_RUN_OUTPUT_MAX (1 << 20)
#define DOCTOR_RUNS_WITHIN_MS 60000

/* Runs a program without a shell; what it says on standard error is left out. */
void doctor_run(struct doctor *d, const char *const argv[], struct doctor_ran *out);
/* Whether a container engine answers here. If not, the line has been told so. */
bool doctor_engine(struct doctor *d);

/* ---- the database (doctor_data.c) ---- */

/* Runs `look` in one snapshot of the database. False: it could not be read, and the line has been told so. */
bool doctor_read(struct doctor *d, enum rc (*look)(struct ctx *c, void *arg), void *arg);

/* ---- the lines ---- */

/* doctor_p0.c */
void doctor_p0_secret(struct doctor *d);
void doctor_p0_default_accounts(struct doctor *d);
void doctor_p0_registration(struct doctor *d);
void doctor_p0_signed_in(struct doctor *d);
void doctor_p0_roles(struct doctor *d);
void doctor_p0_injection(struct doctor *d);
void doctor_p0_upload(struct doctor *d);
void doctor_p0_paths(struct doctor *d);
void doctor_p0_guessing(struct doctor *d);
void doctor_p0_raw_rows(struct doctor *d);
void doctor_p0_origins(struct doctor *d);
void doctor_p0_headers(struct doctor *d);
void doctor_p0_errors(struct doctor *d);
/* doctor_data.c */
void doctor_indexes(struct doctor *d);
void doctor_guards(struct doctor *d);
void doctor_environment(struct doctor *d);
void doctor_books(struct doctor *d);
void doctor_backup(struct doctor *d);
void doctor_continuous(struct doctor *d);
/* doctor_run.c */
void doctor_committed(struct doctor *d);
void doctor_tried(struct doctor *d);
void doctor_image_backend(struct doctor *d);
void doctor_image_frontend(struct doctor *d);
void doctor_registry(struct doctor *d);
void doctor_containers(struct doctor *d);
void doctor_log_rotation(struct doctor *d);
void doctor_logs(struct doctor *d);
/* doctor_net.c */
void doctor_machine(struct doctor *d);
void doctor_instance(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_dns(struct doctor *d);
void doctor_certificate(struct doctor *d);
void doctor_redirect(struct doctor *d);
/* doctor_cloud.c */
void doctor_cloud_role(struct doctor *d);
void doctor_cloud_metadata(struct doctor *d);
void doctor_cloud_endpoint(struct doctor *d);
void doctor_cloud_clock(struct doctor *d);
void doctor_cloud_bucket(struct doctor *d);
void doctor_cloud_write(struct doctor *d);
void doctor_cloud_parts(struct doctor *d);
void doctor_cloud_list(struct doctor *d);
void doctor_cloud_delete(struct doctor *d);
void doctor_cloud_private(struct doctor *d);
void doctor_cloud_signed(struct doctor *d);
void doctor_cloud_kms(struct doctor *d);
/* doctor_probe.c */
void doctor_health(struct doctor *d);
void doctor_functions(struct doctor *d);
void doctor_writes(struct doctor *d);
void doctor_speed(struct doctor *d);
void doctor_alarms(struct doctor *d);

#endif
