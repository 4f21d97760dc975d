/* One file per command; each exports one const struct command, listed in app/main.c. */
#ifndef MMS_OPS_COMMAND_H
#define MMS_OPS_COMMAND_H

struct command {
    const char *name, *summary, *help;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit code comes back */
};

/* Exit codes (sysexits.h where it has one). */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE_ERROR = 64, EXIT_AWAY = 69, EXIT_STORAGE = 74, EXIT_WAITING = 75, EXIT_SETTINGS = 78 };

extern const struct command serve_command, migrate_command, demo_command, user_command, verify_command, audit_command, import_legacy_command,
    check_config_command, version_command, migrate_to_postgres_command, migrate_to_sqlite_command, assess_command,
    backup_command, restore_command, health_command, doctor_command, files_command;

#endif
