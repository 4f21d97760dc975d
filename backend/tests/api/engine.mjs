// The database under a server of the tests: a SQLite file in its folder, or with MMS_ENGINE=postgres a database of its own in
// the cluster whose folder MMS_POSTGRES names (backend/tests/postgres/cluster).
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const POSTGRES = process.env.MMS_ENGINE === 'postgres';
/** For tests about the SQLite file: test(name, SQLITE_ONLY, …). */
export const SQLITE_ONLY = { skip: POSTGRES && 'about the SQLite file' };

const OUTPUT_MAX = 64 << 20;

/** One script for the sqlite3 command line on the file `db`. */
export function sqlite(db, text) {
    return new Promise((resolve, reject) => {
        execFile('sqlite3', ['-json', '-bail', '-cmd', '.timeout 20000', db, text], { maxBuffer: OUTPUT_MAX }, (error, stdout, stderr) => {
            if (error)
                reject(new Error(`sqlite3: ${stderr || error.message}`));
            else
                resolve(stdout.trim() ? JSON.parse(stdout) : []);
        });
    });
}

class SqliteFile {
    constructor(file) {
        this.file = file;
        this.env = { DB_PATH: file };
        this.secrets = [];
    }

    sql(text) {
        return sqlite(this.file, text);
    }

    copyTo(other) {
        return this.sql(`VACUUM INTO '${other.file}'`);
    }

    /** Does what triggers, foreign keys and checks would forbid. */
    async vandalize(script) {
        const triggers = await this.sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
        const drop = triggers.map(({ name }) => `DROP TRIGGER ${name};`).join(' ');
        const restore = triggers.map(({ sql }) => `${sql};`).join(' ');
        return this.sql(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${drop} ${script}; ${restore}`);
    }

    /** Takes the database's write lock, as another program might; resolves to the function that gives it back. */
    async holdWriteLock() {
        return hold('sqlite3', ['-bail', this.file], {}, ".timeout 20000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
    }

    remove() {} // goes with the folder
}

/** A command line that is told to begin something; once it says that it has, resolves to the function that ends it. */
function hold(command, args, options, text) {
    const holder = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
    return new Promise((resolve, reject) => {
        const ended = new Promise((end) => holder.on('close', end));
        ended.then((code) => reject(new Error(`${command} could not take the lock: it ended with ${code}`)));
        holder.stdout.once('data', () => resolve(() => {
            holder.stdin.end('ROLLBACK;\n');
            return ended;
        }));
        holder.on('error', reject);
        holder.stdin.write(text);
    });
}

class PostgresDatabase {
    constructor() {
        this.folder = process.env.MMS_POSTGRES;
        assert.ok(this.folder, 'MMS_ENGINE=postgres needs MMS_POSTGRES (backend/tests/postgres/cluster start DIR)');
        this.password = readFileSync(path.join(this.folder, 'password'), 'utf8').trim();
        this.name = `test_${randomBytes(6).toString('hex')}`;
        this.url = `postgresql://mms:${this.password}@/${this.name}?host=${this.folder}`;
        this.env = { DATABASE_URL: this.url, DB_PATH: null };
        this.secrets = [this.password];
        execFileSync('psql', this.arguments('postgres', `CREATE DATABASE ${this.name} TEMPLATE template0`), this.options());
    }

    arguments(database, text) {
        return ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-h', this.folder, '-U', 'mms', '-d', database, '-c', text];
    }

    options() {
        return { env: { ...process.env, PGPASSWORD: this.password }, maxBuffer: OUTPUT_MAX, stdio: ['ignore', 'pipe', 'pipe'] };
    }

    sql(text) {
        const query = /^\s*(SELECT|WITH)\b/i.test(text);
        const script = query ? `SELECT COALESCE(json_agg(row_to_json(q)), '[]') FROM (${text.replace(/;\s*$/, '')}) AS q` : text;
        return new Promise((resolve, reject) => {
            execFile('psql', this.arguments(this.name, script), this.options(), (error, stdout, stderr) => {
                if (error)
                    reject(new Error(`psql: ${stderr || error.message}`));
                else
                    resolve(query ? JSON.parse(stdout) : []);
            });
        });
    }

    copyTo(other) {
        const copy = `pg_dump -h "$1" -U mms "$2" | psql -qX -v ON_ERROR_STOP=1 -h "$1" -U mms -d "$3" >/dev/null`;
        execFileSync('bash', ['-o', 'pipefail', '-c', copy, 'copy', this.folder, this.name, other.name], this.options());
    }

    /** Does what triggers and foreign keys would forbid: only the cluster's administrator can. */
    async vandalize(script) {
        this.administer(this.name, `SET session_replication_role = replica; ${script}`);
    }

    administer(database, script) {
        const args = this.arguments(database, script).map((arg) => (arg === 'mms' ? 'postgres' : arg));
        execFileSync('psql', args, this.options());
    }

    /** Takes the lock of the writers (postgres.c), as another instance might; resolves to the function that gives it back. */
    async holdWriteLock() {
        return hold('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-h', this.folder, '-U', 'mms', '-d', this.name], this.options(),
            "BEGIN; SELECT pg_advisory_xact_lock(5066067);\nSELECT 'held';\n");
    }

    /** By the administrator: the database's owner may not end what the server itself does there (autovacuum). */
    remove() {
        this.administer('postgres', `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    }
}

export function makeDatabase(folder, engine = POSTGRES ? 'postgres' : 'sqlite') {
    return engine === 'postgres' ? new PostgresDatabase() : new SqliteFile(path.join(folder, 'mms.db'));
}
