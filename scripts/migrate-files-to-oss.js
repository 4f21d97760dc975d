#!/usr/bin/env node
// Starts migrate-files-to-oss.sh, which has the work and the help, under the name that the checklist gives it.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { status, error } = spawnSync(path.join(__dirname, 'migrate-files-to-oss.sh'), process.argv.slice(2), { stdio: 'inherit' });
if (error)
    console.error(error.message);
process.exit(status ?? 1);
