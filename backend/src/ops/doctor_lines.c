/* The lines of mms doctor: the three lists at the end of the migration checklist (迁移前, 迁移中, 迁移后检查), each of their entries as one
 * line or as several. The pre.p0 lines are the defects of the older system that let anybody in, or let data be lost. */
#include "ops/doctor.h"

const struct doctor_line doctor_lines[] = {
    /* 迁移前: 所有P0安全问题已修复 */
    {"pre", "pre.p0.secret", "签名密钥足够强", "the signing key is strong", doctor_p0_secret},
    {"pre", "pre.p0.default_accounts", "没有众所周知的管理员密码", "no administrator has a well-known password", doctor_p0_default_accounts},
    {"pre", "pre.p0.registration", "不能自行注册", "nobody registers by himself", doctor_p0_registration},
    {"pre", "pre.p0.signed_in", "未登录者什么也做不了", "nothing is done for who is not signed in", doctor_p0_signed_in},
    {"pre", "pre.p0.roles", "越权请求被拒绝", "what the role does not permit is refused", doctor_p0_roles},
    {"pre", "pre.p0.injection", "SQL 注入被拒绝", "SQL in requests stays text", doctor_p0_injection},
    {"pre", "pre.p0.upload", "不是图片的上传被拒绝", "an upload that is no picture is refused", doctor_p0_upload},
    {"pre", "pre.p0.paths", "不能读到目录之外的文件", "no file outside of its folder is given out", doctor_p0_paths},
    {"pre", "pre.p0.guessing", "限制猜测密码", "guessing passwords is slowed down", doctor_p0_guessing},
    {"pre", "pre.p0.raw_rows", "不能直接改写数据表", "rows of tables are not edited raw", doctor_p0_raw_rows},
    {"pre", "pre.p0.origins", "其他网站不能跨域调用", "other sites cannot call", doctor_p0_origins},
    {"pre", "pre.p0.headers", "安全响应头", "security headers", doctor_p0_headers},
    {"pre", "pre.p0.errors", "错误信息不泄露内部细节", "errors tell nothing of the inside", doctor_p0_errors},
    {"pre", "pre.guards", "账目保护（触发器）齐全", "the triggers that guard the books are there", doctor_guards},
    /* 数据库索引已创建 */
    {"pre", "pre.indexes", "数据库索引齐全", "the database has its indexes", doctor_indexes},
    /* 环境变量已全部外部化 */
    {"pre", "pre.environment", "环境变量完整", "the environment is complete", doctor_environment},
    /* 代码已提交到版本控制系统 */
    {"pre", "pre.committed", "代码已提交", "the code is committed", doctor_committed},
    /* 本地容器测试通过 */
    {"pre", "pre.tried", "本机容器测试通过", "the containers were tried on this machine", doctor_tried},

    /* 迁移中: Dockerfile构建成功 */
    {"mid", "mid.image_backend", "后端镜像", "the service's image", doctor_image_backend},
    {"mid", "mid.image_frontend", "前端镜像", "the page's image", doctor_image_frontend},
    /* 镜像推送到阿里云容器镜像服务 */
    {"mid", "mid.registry", "镜像已推送到仓库", "the images are in the registry", doctor_registry},
    /* ECS实例创建并配置 */
    {"mid", "mid.instance", "云主机（ECS）", "the cloud instance (ECS)", doctor_instance},
    {"mid", "mid.machine", "处理器、内存与磁盘", "processors, memory and disk", doctor_machine},
    /* 安全组规则配置正确 */
    {"mid", "mid.ports", "只开放必要端口", "only the ports that are needed are open", doctor_ports},
    /* 域名解析生效 */
    {"mid", "mid.dns", "域名解析到本机", "the names resolve to here", doctor_dns},
    /* SSL证书配置正确 */
    {"mid", "mid.certificate", "证书有效且余期大于 30 天", "the certificate is good for more than 30 days", doctor_certificate},
    {"mid", "mid.redirect", "HTTP 转到 HTTPS", "http leads to https", doctor_redirect},

    /* 迁移后: 容器启动成功 */
    {"post", "post.containers", "容器运行且健康", "the containers run and are healthy", doctor_containers},
    /* 健康检查通过 */
    {"post", "post.health", "健康检查", "health", doctor_health},
    /* 功能测试通过 */
    {"post", "post.functions", "登录与查询", "signing in and reading", doctor_functions},
    {"post", "post.writes", "新建并撤回单据", "a document is made and withdrawn", doctor_writes},
    {"post", "post.books", "账目与日志可证明", "the books and the log stand their proofs", doctor_books},
    /* 性能测试通过 */
    {"post", "post.speed", "响应速度", "speed of answers", doctor_speed},
    /* 日志收集正常 */
    {"post", "post.log_rotation", "日志轮转", "logs are rotated", doctor_log_rotation},
    {"post", "post.logs", "日志可读", "logs are written", doctor_logs},
    /* 监控告警配置正确 */
    {"post", "post.alarms", "监控告警", "alarms", doctor_alarms},
    /* 备份策略已实施 */
    {"post", "post.backup", "备份新近且验证过", "backups are fresh and proven", doctor_backup},
    {"post", "post.continuous", "连续备份没有落后，按设置加密", "the continuous backup keeps up, sealed as the settings say", doctor_continuous},

    /* No list of the checklist: what only a real account can show (--cloud). */
    {"cloud", "cloud.role", "访问密钥来自实例的 RAM 角色", "the key is that of the machine's RAM role", doctor_cloud_role},
    {"cloud", "cloud.metadata", "元数据服务只认令牌（加固模式）", "the metadata service wants a token (hardened mode)", doctor_cloud_metadata},
    {"cloud", "cloud.endpoint", "对象存储可以访问，证书可信", "object storage answers, with a certificate that is believed", doctor_cloud_endpoint},
    {"cloud", "cloud.clock", "本机时钟与对象存储一致", "this clock agrees with the storage's", doctor_cloud_clock},
    {"cloud", "cloud.bucket", "存储空间私有、有版本、在所设地域", "the bucket is private, keeps versions, and is in its region", doctor_cloud_bucket},
    {"cloud", "cloud.oss_write", "写入并读回", "an object is put and read back", doctor_cloud_write},
    {"cloud", "cloud.oss_parts", "分段写入", "an object is put in parts", doctor_cloud_parts},
    {"cloud", "cloud.oss_list", "列出", "objects are listed", doctor_cloud_list},
    {"cloud", "cloud.oss_delete", "删除", "an object is deleted", doctor_cloud_delete},
    {"cloud", "cloud.oss_private", "未签名的读取被拒绝（403）", "who does not sign gets nothing (403)", doctor_cloud_private},
    {"cloud", "cloud.oss_signed", "浏览器可用签名地址读取", "a browser gets an object at a signed address", doctor_cloud_signed},
    {"cloud", "cloud.kms", "KMS 凭据可读", "the KMS secret can be read", doctor_cloud_kms},
    {"cloud", "cloud.certificate", "站点证书余期大于 30 天", "the site's certificate is good for more than 30 days", doctor_certificate},
};
const size_t doctor_line_count = sizeof doctor_lines / sizeof *doctor_lines;
