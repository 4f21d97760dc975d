/** The rows of docs/checklist.md (scripts/checklist): every task, acceptance line, check and risk of the migration checklist, and what
 *  shows it. `backend/tests/checklist/entries.json` has the entries as the checklist words them; a test holds the two together.
 *
 *  What shows a row is one of
 *    doctor(ID)            a line of mms doctor, looked at on a service of its own, in production mode, with the demo data
 *    tests(FILE, NAME, …)  the tests of a file whose names match; without NAME, all of them. No such file: not finished
 *    command(WORDS, …)     a command that ends with 0; `needs`: a file without which it is not finished
 *    unfinished(WHY, PATH) nothing yet; once PATH is there, this line is wrong, and says so
 *  and a row with several holds when all do. A task without its own is what its acceptance lines are. */

export const doctor = (id) => ({ kind: 'doctor', id });
export const tests = (file, name, options = {}) => ({ kind: 'tests', file, name, ...options });
export const command = (words, options = {}) => ({ kind: 'command', words, ...options });
export const unfinished = (why, path) => ({ kind: 'unfinished', why, path });

const images = (name) => tests('backend/tests/images/images.test.mjs', name, { engine: true });
const compose = (name) => tests('backend/tests/images/compose.test.mjs', name, { engine: true });
const nginx = (name) => tests('frontend/tests/nginx/nginx.test.mjs', name);
const backup = (name) => tests('backend/tests/api/backup.test.mjs', name);
const move = (name) => tests('backend/tests/postgres/move.test.mjs', name, { postgres: true });
const site = (name) => tests('backend/tests/api/doctor-site.test.mjs', name);
const deploy = (name) => tests('backend/tests/images/deploy.test.mjs', name, { engine: true });
const certificates = (name) => tests('backend/tests/certificates/certificates.test.mjs', name);
const secrets = (name) => tests('backend/tests/cloud/secrets.test.mjs', name);
const storage = (name) => tests('backend/tests/cloud/storage.test.mjs', name);
const terraform = (name) => tests('backend/tests/cloud/terraform/terraform.test.mjs', name);
const logs = (name) => tests('backend/tests/cloud/logtail.test.mjs', name);
const VALUES = /^the values are those|^the examples, applied/;

export const tasks = [
    { id: '1.1.1', what: '后端 Dockerfile' },
    { id: '1.1.1-1', by: [doctor('mid.image_backend'), images(/^they are small/)] },
    { id: '1.1.1-2', by: [doctor('mid.image_backend'), images(/^they are not root/)] },
    { id: '1.1.1-3', by: [images(/^they are not root|^its health is told/)] },
    { id: '1.1.1-4', by: [command(['grep', '-c', '^FROM ', 'backend/Dockerfile']), images(/no shell, no compiler/)] },
    { id: '1.1.2', what: '前端 Dockerfile' },
    { id: '1.1.2-1', by: [images(/^in the one of the page|^the page without its service/)] },
    { id: '1.1.2-2', by: [doctor('mid.image_frontend'), images(/^they are not root/)] },
    { id: '1.1.2-3', by: [doctor('mid.image_frontend'), images(/^they are small/)] },
    { id: '1.1.3', what: 'Nginx 配置文件' },
    { id: '1.1.3-1', by: [nginx(/^what is not there: paths of the page/)] },
    { id: '1.1.3-2', by: [nginx(/^files come compressed/)] },
    { id: '1.1.3-3', by: [nginx(/^headers: what holds for ever/)] },
    { id: '1.2.1', what: '本地镜像构建' },
    { id: '1.2.1-1', by: [images(/^they are small, and tagged/), tests('backend/tests/images/rebuild.test.mjs', undefined, { engine: true })] },
    { id: '1.2.1-2', by: [images(/^they were built without a warning/)] },
    { id: '1.2.1-3', by: [images(/^they are small, and tagged/)] },
    { id: '1.2.2', what: '本地容器测试' },
    { id: '1.2.2-1', by: [images(/^as one tries them/)] },
    { id: '1.2.2-2', by: [images(/^as one tries them/)] },
    { id: '1.2.2-3', by: [images(/^as one tries them|^what older clients rely on/)] },
    { id: '1.3.1', what: '开发环境 docker-compose' },
    { id: '1.3.1-1', by: [compose(/^development: built and started/)] },
    { id: '1.3.1-2', by: [compose(/^development: built and started/)] },
    { id: '1.3.1-3', by: [compose(/^development: built and started/)] },
    { id: '1.3.2', what: '生产环境 docker-compose' },
    { id: '1.3.2-1', by: [compose(/^up: all three are healthy/)] },
    { id: '1.3.2-2', by: [compose(/^without a secret|^both files are well-formed/)] },
    { id: '1.3.2-3', by: [compose(/^data outlive down and up/)] },
    { id: '2.1.1', what: '后端环境变量清单', by: [doctor('pre.environment'), tests('backend/tests/api/settings.test.mjs')] },
    { id: '2.1.2', what: '前端环境变量清单', by: [tests('frontend/tests/journeys/elsewhere.test.mjs')] },
    { id: '2.2.1', what: '阿里云 KMS 集成', by: [tests('backend/tests/cloud/vectors.test.mjs', /^every vector/), secrets(/^KMS, |^a new secret in KMS/)] },
    { id: '2.2.2', what: 'ECS 实例元数据', by: [secrets(/^user data|^KMS, by the machine's role|^no metadata service|^role keys that end/)] },
    { id: '2.2.3', what: '环境变量文件加密', by: [tests('backend/tests/environment/environment.test.mjs')] },
    { id: '3.1.1', what: 'SQLite 数据备份' },
    { id: '3.1.1-1', by: [backup(/^made while others write|^killed with -9|^only tried/)] },
    { id: '3.1.1-2', by: [doctor('post.backup'), backup(/^the script of the checklist/)] },
    { id: '3.1.1-3', by: [command(['systemd-analyze', 'verify', '--man=no', 'deploy/mms-backup.timer']), backup(/^the script of the checklist/)] },
    { id: '3.1.2', what: 'PostgreSQL 迁移评估', by: [tests('backend/tests/api/assess.test.mjs')] },
    { id: '3.1.3', what: '迁移脚本准备', by: [move(/^the script goes the six steps|^there, at work, and back/)] },
    { id: '3.2.1', what: '阿里云 OSS 集成' },
    { id: '3.2.1-1', by: [storage(/^a picture lies in the bucket|^an import|^an export|^putting gets over/)] },
    { id: '3.2.1-2', by: [storage(/^a picture lies in the bucket|^OSS_DELIVERY/)] },
    { id: '3.2.1-3', by: [storage(/^OSS_DELIVERY|no permission/), tests('backend/tests/cloud/policies.test.mjs')] },
    { id: '3.2.2', what: '本地文件迁移至 OSS', by: [tests('backend/tests/cloud/files-migrate.test.mjs')] },
    { id: '4.1.1', what: '安全组配置' },
    { id: '4.1.1-1', by: [terraform(VALUES), site(/^mid\.ports/)] },
    { id: '4.1.1-2', by: [terraform(/^the values are those|^the examples, applied|^wrong input is refused/)] },
    { id: '4.1.1-3', by: [terraform(VALUES)] },
    { id: '4.2.1', what: '域名解析配置', by: [terraform(/^the module, the state|^the values are those|^the examples, applied/), site(/^mid\.dns/)] },
    { id: '4.2.2', what: 'SSL 证书申请与配置', by: [certificates()] },
    { id: '4.2.2-1', by: [compose(/^TLS 1\.2 and 1\.3|^what the authority says of its certificate/)] },
    { id: '4.2.2-2', by: [site(/^mid\.certificate/)] },
    { id: '4.2.2-3', by: [site(/^mid\.redirect/), compose(/^port 80 sends everybody/)] },
    { id: '4.3.1', what: '阿里云 SLB 配置（可选）', by: [terraform(VALUES)], note: '真实账号上须由人看过一次 plan' },
    { id: '5.1.1', what: '自动化部署脚本' },
    { id: '5.1.1-1', by: [command(['shellcheck', '-x', 'scripts/deploy.sh'], { needs: 'scripts/deploy.sh' })] },
    { id: '5.1.1-2', by: [deploy()] },
    { id: '5.1.1-3', by: [deploy()] },
    { id: '5.2.1', what: '健康检查端点增强', by: [doctor('post.health'), tests('backend/tests/api/health.test.mjs'), tests('backend/tests/api/health-command.test.mjs')] },
    { id: '5.2.2', what: '阿里云云监控配置', by: [terraform(VALUES)], note: '联系人须确认邮件' },
    { id: '5.3.1', what: '容器日志驱动配置', by: [compose(/^up: all three are healthy|^mms doctor|^the log of a container is put aside/)] },
    { id: '5.3.2', what: '阿里云 SLS 日志收集' },
    { id: '5.3.2-1', by: [logs(/^the pipelines take/)] },
    { id: '5.3.2-2', by: [logs(/^every field that is written|^every saved query/)] },
    { id: '5.3.2-3', by: [terraform(/^the values are those|^the examples, applied|^wrong input is refused/)] },
];

export const checks = [
    { id: '前-1', by: ['secret', 'default_accounts', 'registration', 'signed_in', 'roles', 'injection', 'upload', 'paths', 'guessing', 'raw_rows', 'origins', 'headers', 'errors'].map((name) => doctor(`pre.p0.${name}`)).concat(doctor('pre.guards')) },
    { id: '前-2', by: [doctor('pre.indexes')] },
    { id: '前-3', by: [doctor('pre.environment'), compose(/^both files are well-formed/)] },
    { id: '前-4', by: [doctor('pre.committed')] },
    { id: '前-5', by: [doctor('pre.tried')] },
    { id: '中-1', by: [doctor('mid.image_backend'), doctor('mid.image_frontend')] },
    { id: '中-2', by: [doctor('mid.registry'), images(/^mms doctor finds the images in a registry/), tests('backend/tests/images/deploy-registry.test.mjs', /^two versions/, { engine: true })] },
    { id: '中-3', by: [doctor('mid.instance'), doctor('mid.machine'), site(/^mid\.instance|^mid\.machine/), tests('backend/tests/cloud/bootstrap.test.mjs')] },
    { id: '中-4', by: [doctor('mid.ports'), site(/^mid\.ports/), terraform(VALUES)] },
    { id: '中-5', by: [doctor('mid.dns'), site(/^mid\.dns/)] },
    { id: '中-6', by: [doctor('mid.certificate'), doctor('mid.redirect'), site(/^mid\.certificate|^mid\.redirect/), compose(/^mms doctor|^TLS 1\.2/)] },
    { id: '后-1', by: [compose(/^up: all three are healthy/)] },
    { id: '后-2', by: [doctor('post.health')] },
    { id: '后-3', by: [doctor('post.functions'), doctor('post.writes'), doctor('post.books')] },
    { id: '后-4', by: [doctor('post.speed')] },
    { id: '后-5', by: [doctor('post.log_rotation'), doctor('post.logs')] },
    { id: '后-6', by: [doctor('post.alarms'), tests('backend/tests/api/doctor.test.mjs', /^post\.alarms/), terraform(VALUES)] },
    { id: '后-7', by: [doctor('post.backup'), tests('backend/tests/sqlite/sealed.test.mjs', /^killed with -9|^mms doctor/)] },
];

export const risks = [
    { id: '风险-1', by: [compose(/^data outlive down and up|^the machine's disk is gone/), tests('backend/tests/crash/crash.test.mjs')] },
    { id: '风险-2', by: [tests('backend/tests/images/rebuild.test.mjs', undefined, { engine: true })] },
    { id: '风险-3', by: [compose(/^while the service is away/)] },
    { id: '风险-4', by: [doctor('pre.p0.secret'), images(/^no secret is in them/), tests('backend/tests/cloud/ssrf.test.mjs')] },
    { id: '风险-5', by: [doctor('post.speed')] },
];

export const appendices = [
    { id: 'A-1', by: [terraform(VALUES), tests('backend/tests/cloud/bootstrap.test.mjs')] },
    { id: 'A-2', by: [terraform(VALUES)] },
    { id: 'A-3', by: [terraform(VALUES)], note: '可选，默认不建' },
    { id: 'A-4', by: [terraform(VALUES), logs(/^the pipelines take/)] },
    { id: 'A-5', by: [terraform(VALUES)] },
    { id: 'B-1', by: [images(/^they are small, and tagged/)] },
    { id: 'B-2', by: [images(/^as one tries them/)] },
    { id: 'B-3', by: [compose(/^nginx tells what happened/)] },
    { id: 'B-4', by: [images(/no shell, no compiler/)], note: '镜像中没有 shell：docker exec mms-backend mms COMMAND' },
    { id: 'B-5', by: [images(/^as one tries them|^SIGTERM/)] },
    { id: 'B-6', by: [compose(/^up: all three are healthy/)] },
    { id: 'B-7', by: [compose(/^data outlive down and up/)] },
    { id: 'C-1', by: [images(/^in production it does not start|^a folder that is another's/)] },
    { id: 'C-2', by: [images(/^a folder that is another's/)] },
    { id: 'C-3', by: [images(/^its health is told/), tests('backend/tests/api/health-command.test.mjs')] },
];
