// deploy/terraform: every resource and argument against the provider's schema, every reference, and the values of the migration checklist; and
// that each of these checks does fail. Where Terraform (or OpenTofu) is installed, the configuration is validated, formatted and applied by it as
// well, with a provider that knows the schema and nothing else (provider/): no cloud is reached.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from '@cdktn/hcl2json';

import { decide } from '../emulator/ram.mjs';
import { check, namesIn, parseFolder } from './check.mjs';
import { CHECKLIST, checkPlan, checkValues } from './checklist.mjs';

const TOP = fileURLToPath(new URL('../../../..', import.meta.url));
const HERE = path.join(TOP, 'backend/tests/cloud/terraform');
const MODULE = path.join(TOP, 'deploy/terraform');
const EXAMPLES = ['single', 'high-availability', 'existing-vpc'];
const schema = JSON.parse(readFileSync(path.join(HERE, 'schema.json'), 'utf8'));
const files = await parseFolder(MODULE);
const modules = new Map([['../..', files]]);
const folder = mkdtempSync(path.join(tmpdir(), 'mms-terraform-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The module with one file changed: [from, to] must occur. */
async function changed(name, from, to) {
    const text = readFileSync(path.join(MODULE, name), 'utf8');
    assert.ok(text.includes(from), `${name} has no ${from}`);
    return new Map([...files, [name, await parse(name, text.replace(from, to))]]);
}

// ---------------------------------------------------------------- looked at as it is written

test('the module, the state and the examples: nothing unknown, missing, of another type, deprecated or unresolved', async () => {
    assert.deepEqual(check(schema, files), []);
    for (const one of ['state', ...EXAMPLES.map((name) => `examples/${name}`)])
        assert.deepEqual(check(schema, await parseFolder(path.join(MODULE, one)), modules), [], one);
    for (const name of EXAMPLES) { // nobody's state lies open, or on one machine alone
        const [{ terraform: [{ backend }] }] = (await parseFolder(path.join(MODULE, 'examples', name))).values();
        assert.deepEqual(backend, { oss: [{ prefix: 'mms', key: 'terraform.tfstate', encrypt: true, acl: 'private' }] }, name);
    }
    const count = [...files.values()].flatMap(({ resource = {} }) => Object.values(resource).flatMap(Object.keys)).length;
    assert.ok(count >= 50, `only ${count} resources were looked at`);
});

test('each kind of mistake is found, and nothing else', async () => {
    const inner = new Map([['../module', new Map([['m.tf', await parse('m.tf', 'variable "region" {\n  description = "d"\n  type = string\n}\n')]])]]);
    assert.deepEqual(check(schema, await parseFolder(path.join(HERE, 'fixture')), inner).sort(), [
        'main.tf: alicloud_alb_server_group.nested.health_check_config.healthy_threshold: 1 is not within 2 to 10',
        'main.tf: alicloud_alb_server_group.nested.health_check_config: no argument health_check_inteval',
        'main.tf: alicloud_alidns_record.attribute: alicloud_eip_address.many.ip_adress: alicloud_eip_address has no ip_adress',
        'main.tf: alicloud_alidns_record.which: alicloud_eip_address.many.ip_adress: there are many: which one?',
        `main.tf: alicloud_dns_record.deprecated_type: deprecated: ${schema.resources.alicloud_dns_record.deprecated}`,
        'main.tf: alicloud_ecs_disk.references: alicloud_vswitch.nothing.zone_id: no such resource',
        'main.tf: alicloud_ecs_disk.references: count.index: there is no count',
        'main.tf: alicloud_ecs_disk.references: each.value: there is no for_each',
        'main.tf: alicloud_ecs_disk.references: local.nothing: no such local',
        'main.tf: alicloud_ecs_disk.references: var.nothing: no such variable',
        'main.tf: alicloud_log_store.kind.retention_period: is not of its type: "long"',
        'main.tf: alicloud_oss_bucket.block.lifecycle_rule: is a block',
        'main.tf: alicloud_security_group_rule.required_and_enum.type: "inbound" is none of ingress, egress',
        'main.tf: alicloud_security_group_rule.required_and_enum: security_group_id is missing',
        'main.tf: alicloud_vpc.argument: no argument vpc_nane',
        `main.tf: alicloud_vpc.deprecated_argument.name: deprecated: ${schema.resources.alicloud_vpc.a.name.dep}`,
        'main.tf: alicloud_vpc.read_only.router_id: is read-only',
        'main.tf: alicloud_vpcs.type: no such type',
        'main.tf: module mms: no variable regoin',
        'main.tf: module mms: region is missing',
        'main.tf: output module: module.mms.nothing: the module has no such output',
        'main.tf: variable unused: is not used',
    ].sort());
});

test('a mistake put into the module itself is found', async () => {
    for (const [name, from, to, wanted] of [
        ['alb.tf', 'health_check_interval ', 'health_check_intervall ', /no argument health_check_intervall/],
        ['network.tf', '  vpc_id       = local.vpc_id', '  vpc_id       = local.vpc', /local\.vpc: no such local/],
        ['log.tf', '  machine_list          = [local.log_identity]\n', '', /machine_list is missing/],
        ['oss.tf', 'sse_algorithm = "AES256"', 'sse_algorithm = "AES"', /"AES" is none of/],
        ['ecs.tf', 'alicloud_ecs_disk.data[count.index].id\n  instance_id', 'alicloud_ecs_disk.date[count.index].id\n  instance_id', /no such resource/],
    ]) {
        const found = check(schema, await changed(name, from, to));
        assert.equal(found.length, 1, `${name}: ${to}: ${found.join('\n')}`);
        assert.match(found[0], wanted);
    }
});

test('names within templates, loops and brackets are seen', () => {
    const words = (text) => namesIn(text).names.map((one) => one.words.join('.'));
    assert.deepEqual(words('${[for one in alicloud_x.mms : "${one.id}-${var.q}" if var.p]}'), ['alicloud_x.mms', 'one.id', 'var.q', 'var.p']);
    assert.deepEqual(words('a$${var.no}${{ Type = "var.no", L = alicloud_x.y[each.value.z].name }}'), ['each.value.z', 'alicloud_x.y.name']);
    assert.deepEqual(namesIn('${one(alicloud_x.y[*].id)}').names, [{ words: ['alicloud_x', 'y', 'id'], indexed: true }]);
});

test('the values are those of the checklist', async () => {
    assert.deepEqual(checkValues(files), []);
    for (const [name, from, to] of [
        ['security.tf', 'port = 80,', 'port = 8080,'], ['security.tf', 'HTTPS访问', 'HTTPS'], ['security.tf', '"mms-production-sg"', '"mms-sg"'],
        ['security.tf', 'cidr_ip           = each.value\n', 'cidr_ip           = "0.0.0.0/0"\n'], ['security.tf', '"22/22"', '"1/65535"'], ['security.tf', '"允许所有出站"', '"出站"'],
        ['alb.tf', 'health_check_interval     = 5', 'health_check_interval     = 15'], ['alb.tf', 'health_check_timeout      = 3', 'health_check_timeout      = 5'],
        ['alb.tf', 'unhealthy_threshold       = 3', 'unhealthy_threshold       = 2'], ['alb.tf', '"/api/health"', '"/"'],
        ['monitor.tf', 'threshold = 80', 'threshold = 81'], ['monitor.tf', 'threshold = 85', 'threshold = 95'], ['monitor.tf', 'threshold = 90', 'threshold = 99'],
        ['monitor.tf', '"MMS生产环境"', '"MMS"'], ['monitor.tf', '"GreaterThanLastWeek"', '">"'], ['oss.tf', '"private"', '"public-read"'],
        ['oss.tf', 'block_public_access = true', 'block_public_access = false'], ['ram.tf', '"mms-ecs-role"', '"role"'], ['log.tf', '"mms-logs-${var.suffix}"', '"logs-${var.suffix}"'],
        ['variables.tf', '"ecs.u1-c1m2.large"', '"ecs.u1-c1m2.2xlarge"'], ['variables.tf', 'default     = 5\n', 'default     = 50\n'], ['ecs.tf', '"required"', '"optional"'], ['ecs.tf', 'user_data = base64encode(templatefile(', 'user_data = (templatefile('],
        ['ecs.tf', '"7"]', ']'], ['variables.tf', '["api", "www"]', '["www"]'], ['dns.tf', 'rr          = each.value', 'rr          = "api"'], ['alb.tf', 'listener_port        = 443', 'listener_port        = 8443'],
        ['alb.tf', '"301"', '"302"'], ['oss.tf', '"Enabled"', '"Suspended"'], ['oss.tf', 'days = 400', 'days = 4'], ['oss.tf', 'prefix  = "exports/"', 'prefix  = "avatars/"'], ['oss.tf', 'policies/bucket-https.json', 'policies/ecs-oss.json'],
        ['variables.tf', '"mms-jwt-secret"', '"jwt"'], ['variables.tf', 'default     = 180', 'default     = 30'], ['log.tf', 'retention_period      = var.log_retention_days', 'retention_period      = 7'],
        ['log.tf', 'resource "alicloud_logtail_attachment" "mms" {\n  for_each = local.pipelines', 'resource "alicloud_logtail_attachment" "mms" {\n  for_each = {}'], ['log.tf', 'threshold     = each.value.times', 'threshold     = 1'], ['ram.tf', 'ram_role_name = alicloud_ram_role.ecs.role_name', 'ram_role_name = "another"'],
        ['monitor.tf', 'for_each = alicloud_instance.mms', 'for_each = []'], ['monitor.tf', 'contact_groups     = [alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name]\n  tags               = var.tags\n\n  escalations', 'contact_groups     = []\n  tags               = var.tags\n\n  escalations'],
    ])
        assert.equal(checkValues(await changed(name, from, to)).length, 1, `${name}: ${to}`);
    const extra = new Map([...files, ['more.tf', await parse('more.tf', 'resource "alicloud_security_group_rule" "more" {\n  type = "ingress"\n}\n')]]);
    assert.equal(checkValues(extra).length, 1, 'one more rule');
});

// Of the person who builds it all; the second one only where something is ordered.
const OPERATOR = ['operator.json', 'operator-order.json'];

test('policies are well-formed, and allow no more than they name', () => {
    // What takes no narrower resource, and the person who builds it all.
    const wide = new Set(['push.json cr:GetAuthorizationToken', ...OPERATOR]);
    for (const name of readdirSync(path.join(MODULE, 'policies'))) {
        const policy = JSON.parse(readFileSync(path.join(MODULE, 'policies', name), 'utf8'));
        assert.equal(policy.Version, '1', name);
        for (const { Effect, Action, Resource } of policy.Statement) {
            if (Effect === 'Deny' || name === 'ecs-trust.json' || wide.has(name))
                continue;
            for (const action of Action) {
                assert.match(action, /^[a-z]+:[A-Z]\w+$/, `${name}: ${action}`);
                for (const resource of Resource)
                    assert.ok(wide.has(`${name} ${action}`) || /^acs:[a-z]+:.*:.*:[^*]/.test(resource), `${name}: ${action} on ${resource}`);
            }
        }
        assert.ok([...files.values()].some((content) => JSON.stringify(content).includes(`policies/${name}`)) || OPERATOR.includes(name), `${name} is not used`);
    }
    const backup = JSON.parse(readFileSync(path.join(MODULE, 'policies/ecs-oss.json'), 'utf8')).Statement.filter(({ Resource }) => Resource.some((one) => one.endsWith('backup/*')));
    assert.equal(backup.length, 1);
    assert.ok(!backup[0].Action.includes('oss:DeleteObject'), 'a server that is broken into cannot delete backups');
});

// What the provider orders from the shop of the cloud (BSS), whatever the product's own rights are; it looks there again at every plan.
const ORDERED = ['kms_instance', 'cr_ee_instance'], ORDERS = ['bssapi:CreateInstance', 'bssapi:ModifyInstance'];

// Whose API makes a resource: what RAM calls it, by how the type begins.
const PRODUCTS = [[/^(vpc|vswitch|eip_)/, 'vpc'], [/^(instance$|ecs_|security_group|images$)/, 'ecs'], [/^oss_/, 'oss'], [/^(log_|sls_|logtail_)/, 'log'], [/^(cms_|cloud_monitor_)/, 'cms'], [/^alidns_/, 'alidns'],
    [/^ssl_certificates_/, 'yundun-cert'], [/^alb_/, 'alb'], [/^(db_|rds_)/, 'rds'], [/^kms_/, 'kms'], [/^cr_/, 'cr'], [/^ram_/, 'ram']];

test('the operator may make all of it, and no role or policy of another name', async () => {
    const operator = JSON.parse(readFileSync(path.join(MODULE, 'policies/operator.json'), 'utf8')), may = (action, resource) => decide(operator, action, resource, {});
    const resources = [...files.values()].flatMap(({ resource = {} }) => Object.entries(resource));
    for (const type of new Set(resources.map(([one]) => one.replace('alicloud_', '')))) {
        const product = PRODUCTS.find(([begins]) => begins.test(type))?.[1];
        assert.ok(product, `whose is alicloud_${type}?`);
        if (product !== 'ram')
            assert.equal(may(`${product}:CreateAnything`, `acs:${product}:cn-hangzhou:1:anything/x`), 'Allow', type);
    }
    const order = JSON.parse(readFileSync(path.join(MODULE, 'policies/operator-order.json'), 'utf8'));
    assert.deepEqual(order, { Version: '1', Statement: [{ Effect: 'Allow', Action: ORDERS, Resource: ['*'] }] });
    for (const action of ORDERS)
        assert.equal(may(action, '*'), undefined, 'who makes a single machine orders nothing');
    assert.equal(may('bssapi:QueryAvailableInstances', '*'), 'Allow');
    for (const type of ORDERED)
        assert.ok(resources.some(([one]) => one === `alicloud_${type}`), type);
    // Off unless it is asked for, and the guide says who may: at the high availability, which asks for both unless it is told otherwise.
    const [{ module: { mms: [asked] }, variable }] = [...(await parseFolder(path.join(MODULE, 'examples/high-availability'))).values()];
    for (const name of ['enable_kms', 'enable_acr_enterprise'])
        assert.deepEqual([asked[name], variable[name][0].default], [`\${var.${name}}`, true], name);
    assert.match(readFileSync(path.join(TOP, 'docs/operations/aliyun.md'), 'utf8').split('## 高可用')[1], /operator-order\.json/);
    const named = resources.filter(([type]) => /^alicloud_ram_(role|policy)$/.test(type)).flatMap(([type, all]) => Object.values(all).map(([one]) => [type.split('_').at(-1), one.role_name ?? one.policy_name]));
    assert.ok(named.length >= 7);
    for (const [kind, name] of named)
        for (const verb of ['Create', 'Get', 'Delete'])
            assert.equal(may(`ram:${verb}${kind === 'role' ? 'Role' : 'Policy'}`, `acs:ram::1:${kind}/${name}`), 'Allow', name);
    assert.equal(may('ram:PassRole', 'acs:ram::1:role/mms-ecs-role'), 'Allow');
    for (const [action, resource] of [['ram:CreatePolicy', 'acs:ram::1:policy/other'], ['ram:PassRole', 'acs:ram::1:role/admin'], ['ram:CreateUser', 'acs:ram::1:user/mms-x'], ['ram:CreateAccessKey', 'acs:ram::1:user/mms-operator'], ['ram:AttachPolicyToUser', 'acs:ram::1:policy/mms-oss']])
        assert.equal(may(action, resource), undefined, `${action} on ${resource}`);
    for (const action of ['oss:DeleteBucket', 'kms:ScheduleKeyDeletion'])
        assert.equal(may(action, '*'), 'Deny');
});

test('no secret is asked for without being marked, and none has a default; what costs is off', async () => {
    const variables = Object.assign({}, ...[...files.values()].map(({ variable = {} }) => variable));
    for (const [name, [one]] of Object.entries(variables)) {
        assert.equal(Boolean(one.sensitive), /password|token|secret$|_key$/.test(name) && name !== 'public_key', name);
        if (name.startsWith('enable_') && name !== 'enable_sls')
            assert.equal(one.default, false, name);
    }
    // A secret that stands here is known to everybody: the program must find it too short, also as the one before the real one.
    const [placeholder] = [...files.values()].map((content) => content.resource?.alicloud_kms_secret?.jwt?.[0]).filter(Boolean);
    assert.ok(placeholder.secret_data.length < 32 && placeholder.lifecycle[0].ignore_changes.includes('${secret_data}'), JSON.stringify(placeholder));
    const [{ module }] = [...(await parseFolder(path.join(MODULE, 'examples/single'))).values()];
    assert.deepEqual(Object.keys(module.mms[0]).filter((key) => key.startsWith('enable_') || key === 'instance_count'), []);
    assert.match(readFileSync(path.join(MODULE, 'user-data.yaml'), 'utf8'), /^#cloud-config\n/);
    assert.doesNotMatch(readFileSync(path.join(MODULE, 'user-data.yaml'), 'utf8'), /secret|password|key/i);
});

// ---------------------------------------------------------------- by Terraform itself

const NEEDED = [1, 7]; // mock_provider
function installed() {
    for (const name of ['terraform', 'tofu']) {
        const { status, stdout } = spawnSync(name, ['version'], { encoding: 'utf8', env: { PATH: process.env.PATH, CHECKPOINT_DISABLE: '1' } });
        if (status === 0)
            return { name, version: /v(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [0, 0] };
    }
    return undefined;
}
const tool = installed();
const isOld = tool && (tool.version[0] - NEEDED[0] || tool.version[1] - NEEDED[1]) < 0;
const skip = !tool ? '没有安装 terraform 或 tofu / neither terraform nor tofu is installed' : isOld && `${tool.name} ${tool.version.join('.')} 过旧 / is too old`;

const tree = path.join(folder, 'deploy');
const env = { PATH: process.env.PATH, HOME: folder, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', TF_CLI_CONFIG_FILE: path.join(folder, 'config') };
const run = (where, ...words) => spawnSync(tool.name, words, { cwd: path.join(tree, where), env, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 1_800_000 });

before(() => {
    if (skip)
        return;
    cpSync(path.join(TOP, 'deploy'), tree, { recursive: true });
    writeFileSync(env.TF_CLI_CONFIG_FILE, `provider_installation {\n  dev_overrides { "aliyun/alicloud" = "${path.join(HERE, 'provider')}" }\n  direct {}\n}\n`);
});

test('it is formatted', { skip }, () => {
    const { status, stdout, stderr } = run('terraform', 'fmt', '-check', '-recursive');
    assert.equal(status, 0, stdout + stderr);
});

test('it is valid; a wrong argument is not', { skip }, () => {
    for (const one of ['terraform', 'terraform/state', ...EXAMPLES.map((name) => `terraform/examples/${name}`)]) {
        const got = run(one, 'get');
        assert.equal(got.status, 0, got.stderr);
        const { status, stdout } = run(one, 'validate', '-json');
        const answer = JSON.parse(stdout);
        assert.ok(status === 0 && answer.valid && answer.error_count === 0, `${one}: ${stdout}`);
    }
    const file = path.join(tree, 'terraform/network.tf'), text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('vpc_name', 'vpc_nane'));
    const wrong = JSON.parse(run('terraform', 'validate', '-json').stdout);
    writeFileSync(file, text);
    assert.deepEqual([wrong.valid, wrong.diagnostics.find(({ severity }) => severity === 'error')?.summary], [false, 'Unsupported argument']);
});

/** `terraform test` in a folder, with a mocked provider: {told, summary}. */
function tested(where, variables, runs) {
    mkdirSync(path.join(tree, where, 'tests'), { recursive: true });
    writeFileSync(path.join(tree, where, 'tests/all.tftest.hcl'), `mock_provider "alicloud" {
  mock_data "alicloud_images" {
defaults = { images = [{ id = "aliyun_3_x64_20G_alibase_20260101.vhd" }] }
  }
}
${variables ? `variables {\n${variables}\n}\n` : ''}${runs}`);
    const { stdout, stderr } = run(where, 'test', '-json', '-verbose');
    const told = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const summary = told.find(({ type }) => type === 'test_summary')?.test_summary;
    const problems = told.filter(({ diagnostic }) => diagnostic?.severity === 'error').map(({ '@testrun': name, diagnostic }) => `${name}: ${diagnostic.summary}: ${diagnostic.detail}`);
    assert.equal(summary?.status, 'pass', problems.join('\n') || stdout.slice(-2000) + stderr);
    return { told, summary };
}
const pickCounts = ({ passed, failed, errored, skipped }) => ({ passed, failed, errored, skipped });

/** What an example makes: its resources and outputs. */
function applied(where) {
    const state = tested(where, '', 'run "all" {\n  command = apply\n}\n').told.find(({ type }) => type === 'test_state').test_state, list = [];
    const gather = ({ resources = [], child_modules = [] }) => {
        list.push(...resources.filter(({ mode }) => mode === 'managed'));
        child_modules.forEach(gather);
    };
    gather(state.root_module);
    return { list, outputs: state.outputs };
}

/** Any of these otherwise: it is found. */
function eachIsLookedAt(list) {
    for (const [type, change] of [
        ['alicloud_security_group_rule', (one) => (one.port_range = '3000/3000')], ['alicloud_security_group_rule', (one) => (one.description = '')], ['alicloud_security_group', (one) => (one.security_group_name = 'x')],
        ['alicloud_cms_alarm', (one) => (one.contact_groups = [])], ['alicloud_cms_alarm', (one) => (one.metric = 'x')], ['alicloud_cms_alarm_contact', (one) => (one.channels_mail = '')], ['alicloud_cms_alarm_contact_group', (one) => (one.contacts = [])],
        ['alicloud_alidns_record', (one) => (one.rr = 'x')], ['alicloud_alidns_record', (one) => (one.value = 'x')], ['alicloud_alb_listener', (one) => (one.listener_port = 8080)], ['alicloud_alb_rule', (one) => (one.rule_actions[0].redirect_config[0].http_code = '302')],
        ['alicloud_alb_server_group', (one) => (one.health_check_config[0].health_check_interval = 6)], ['alicloud_alb_server_group', (one) => (one.health_check_config[0].health_check_method = 'HEAD')], ['alicloud_alb_server_group', (one) => (one.servers[0].weight = 0)],
        ['alicloud_ecs_auto_snapshot_policy', (one) => one.repeat_weekdays.pop()], ['alicloud_ecs_disk', (one) => (one.encrypted = false)], ['alicloud_instance', (one) => (one.http_tokens = 'optional')], ['alicloud_instance', (one) => (one.internet_max_bandwidth_out = 5)],
        ['alicloud_kms_secret', (one) => (one.secret_name = 'x')], ['alicloud_ram_role_policy_attachment', (one) => (one.policy_name = 'AdministratorAccess')], ['alicloud_ecs_ram_role_attachment', (one) => (one.ram_role_name = 'x')],
        ['alicloud_log_store', (one) => (one.retention_period = 7)], ['alicloud_log_store_index', (one) => (one.logstore = 'x')], ['alicloud_logtail_attachment', (one) => (one.logtail_config_name = 'x')], ['alicloud_oss_bucket_acl', (one) => (one.acl = 'public-read')],
    ]) {
        const other = structuredClone(list), one = other.find((made) => made.type === type);
        assert.ok(one, `nothing is a ${type}`);
        change(one.values);
        assert.ok(checkPlan(other).length > 0, `${type}: ${change}`);
    }
}

test('the examples, applied: what is made, and with the values of the checklist', { skip }, () => {
    // Nothing could be taken down again otherwise; that it is protected is looked at above.
    for (const name of readdirSync(path.join(tree, 'terraform')).filter((one) => one.endsWith('.tf'))) {
        const file = path.join(tree, 'terraform', name);
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll('prevent_destroy = true', 'prevent_destroy = false'));
    }
    const made = {};
    for (const name of EXAMPLES) {
        const where = `terraform/examples/${name}`;
        copyFileSync(path.join(tree, where, 'terraform.tfvars.example'), path.join(tree, where, 'terraform.tfvars'));
        const { list, outputs } = applied(where);
        made[name] = new Set(list.map(({ type }) => type));
        assert.deepEqual(checkPlan(list), [], name);
        if (name === 'high-availability')
            eachIsLookedAt(list);
        assert.ok(outputs.addresses && outputs.environment, name);
        const instances = list.filter(({ type }) => type === 'alicloud_instance');
        assert.equal(instances.length, name === 'high-availability' ? 2 : 1);
        assert.match(Buffer.from(instances[0].values.user_data, 'base64').toString(), /^#cloud-config\n[^]*MMS_REGION=cn-hangzhou\n[^]*MMS_LOG_IDENTITY=mms-prod\n/);
    }
    for (const type of CHECKLIST.paid) {
        assert.ok(!made.single.has(type), `the single machine pays for ${type}`);
        assert.ok(made['high-availability'].has(type), `nothing makes ${type}`);
    }
    assert.ok(made.single.has('alicloud_vpc') && !made['existing-vpc'].has('alicloud_vpc') && !made['existing-vpc'].has('alicloud_vswitch'));
});

test('wrong input is refused, each by its own check', { skip }, () => {
    const good = { zones: '["cn-hangzhou-j"]', suffix: '"t"', admin_cidrs: '["203.0.113.7/32"]', public_key: '"ssh-ed25519 AAAAC3Nz a"', contacts: '{ a = { mail = "a@example.com" } }' };
    const two = '["cn-hangzhou-j", "cn-hangzhou-k"]';
    // Variables are all looked at before anything else, so several can be wrong at once.
    const wrong = [
        [{ region: '"Hangzhou"', instance_charge_type: '"Free"', instance_period: '4', system_disk_size: '20.5', data_disk_size: '40.5', disk_category: '"cloud"', snapshot_days: '0', bandwidth: '1.5', bandwidth_charge_type: '"Free"', bucket_redundancy: '"GRS"' }],
        [{ kms_secret_name: '"a b"', rds_category: '"serverless_basic"', rds_storage: '20.5', log_project_name: '"Logs"', log_retention_days: '180.5', contacts: '{ a = { mail = "a@example.com", phone = "+86 abc" } }' }],
        [{ system_disk_size: '10', data_disk_size: '3000', snapshot_days: '1.5', rds_storage: '10', kms_secret_name: `"${'a'.repeat(65)}"`, log_project_name: '"ab"', bucket_name: '"a_b"', admin_cidrs: '["203.0.113.7"]', vpc_cidr: '"8.8.0.0/16"', zones: '["cn-hangzhou-j", "cn-hangzhou-j"]' }],
        [{ zones: '["cn-beijing-a"]' }, 'alicloud_instance.mms'],
        [{ admin_cidrs: '["0.0.0.0/0"]', suffix: '"A_b"', public_key: '"-----BEGIN OPENSSH PRIVATE KEY-----"', contacts: '{}', log_retention_days: '30', instance_type: '"ecs.g7.large"', bucket_name: '"Mms"', zones: '[]', domain: '"https://example.com"' }],
        [{ admin_cidrs: '[]', bandwidth: '0', os: '"windows"', instance_count: '9' }], [{ admin_cidrs: '["10.0.0.0/8"]', vpc_cidr: '"10.20.0.0/24"', registry: '"example.com"' }], [{ admin_cidrs: '["203.0.113.700/32"]', certificate_id: '"x"', hosts: '[]' }],
        [{ instance_count: '2' }, 'alicloud_instance.mms'], [{ enable_alb: 'true', certificate_id: '"1-cn-hangzhou"' }, 'alicloud_alb_load_balancer.mms'], [{ enable_alb: 'true', zones: two }, 'alicloud_alb_load_balancer.mms'],
        [{ vpc_id: '"vpc-1"', vswitch_ids: '["a", "b"]' }, 'alicloud_instance.mms'], [{ certificate_pem: '"x"' }, 'alicloud_ssl_certificates_service_certificate.mms'], [{ enable_kms: 'true' }, 'alicloud_kms_instance.mms'],
    ];
    const looked = Object.entries(Object.assign({}, ...[...files.values()].map(({ variable = {} }) => variable))).filter(([, [one]]) => one.validation).map(([name]) => name);
    assert.deepEqual(looked.filter((name) => !wrong.some(([more, by]) => !by && name in more)), [], 'nothing wrong is tried of these');
    const cases = wrong.map(([more, by]) => [more, by ?? Object.keys(more).map((name) => `var.${name}`).join(', ')]);
    const runs = cases.map(([more, by], i) => `run "wrong_${i}" {\n  command = plan\n  variables {\n${Object.entries(more).map(([name, value]) => `    ${name} = ${value}\n`).join('')}  }\n  expect_failures = [${by}]\n}\n`);
    // A machine that was paid in advance is renewed, or it would stop on its last day.
    const asserted = (name, variables, wanted) => `run "${name}" {\n  command = plan\n${variables}  assert {\n    condition = ${wanted}\n    error_message = "${name}"\n  }\n}\n`;
    const one = 'alicloud_instance.mms[0]', chosen = [
        asserted('by_use', '', `${one}.renewal_status == null && ${one}.auto_renew_period == null`),
        asserted('in_advance', '  variables {\n    instance_charge_type = "PrePaid"\n    instance_period = 6\n  }\n', `${one}.period == 6 && ${one}.renewal_status == "AutoRenewal" && ${one}.auto_renew_period == 6 && ${one}.deletion_protection == false`),
    ];
    // Protected, until somebody says otherwise; then all of it can be taken down.
    const all = '  variables {\n    enable_alb = true\n    enable_rds = true\n    enable_kms = true\n    certificate_id = "1-cn-hangzhou"\n    zones = ["cn-hangzhou-j", "cn-hangzhou-k"]\n';
    const protects = (yes) => [`${one}.deletion_protection`, 'alicloud_eip_address.mms[0].deletion_protection', 'alicloud_db_instance.mms[0].deletion_protection', 'alicloud_alb_load_balancer.mms[0].deletion_protection_config[0].enabled']
        .map((name) => `${name} == ${yes}`).concat(`alicloud_kms_key.mms[0].deletion_protection == "${yes ? 'Enabled' : 'Disabled'}"`).join(' && ');
    chosen.push(asserted('protected', `${all}  }\n`, protects(true)), asserted('to_be_taken_down', `${all}    deletion_protection = false\n  }\n`, protects(false)));
    const { summary } = tested('terraform', Object.entries(good).map(([name, value]) => `  ${name} = ${value}`).join('\n'), `run "good" {\n  command = plan\n}\n${[...chosen, ...runs].join('')}`);
    assert.deepEqual(pickCounts(summary), { passed: cases.length + chosen.length + 1, failed: 0, errored: 0, skipped: 0 });
});
