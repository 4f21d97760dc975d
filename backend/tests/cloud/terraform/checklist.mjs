/** What the migration checklist says of the cloud's resources (4.1.1, 4.3.1, 5.2.2, 5.3.2, 3.2.1, appendix A), held against the configuration as
 *  it is written (checkValues) and against what Terraform makes of it (checkPlan). */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

const logtail = (name) => JSON.parse(readFileSync(new URL(`../../../../deploy/logtail/${name}.json`, import.meta.url), 'utf8'));

export const CHECKLIST = {
    group: 'mms-production-sg',
    rules: [
        { type: 'ingress', ip_protocol: 'tcp', port_range: '80/80', cidr_ip: '0.0.0.0/0', description: 'HTTP访问' },
        { type: 'ingress', ip_protocol: 'tcp', port_range: '443/443', cidr_ip: '0.0.0.0/0', description: 'HTTPS访问' },
        { type: 'ingress', ip_protocol: 'tcp', port_range: '22/22', cidr_ip: '管理IP', description: 'SSH管理（限制IP）' },
        { type: 'egress', ip_protocol: 'all', port_range: '-1/-1', cidr_ip: '0.0.0.0/0', description: '允许所有出站' },
    ],
    health: { health_check_path: '/api/health', health_check_interval: 5, health_check_timeout: 3, healthy_threshold: 2, unhealthy_threshold: 3 },
    monitorGroup: 'MMS生产环境',
    thresholds: { CPUUtilization: 80, memory_usedutilization: 85, diskusage_utilization: 90 },
    traffic: ['VPC_PublicIP_InternetInRate', 'VPC_PublicIP_InternetOutRate'],
    logstores: ['backend-logs', 'frontend-logs'],
    hosts: ['api', 'www'],
    secret: 'mms-jwt-secret',
    role: 'mms-ecs-role',
    paid: ['alicloud_alb_load_balancer', 'alicloud_db_instance', 'alicloud_kms_instance', 'alicloud_kms_secret', 'alicloud_cr_ee_instance'],
};

const same = (a, b) => isDeepStrictEqual(a, b);
const pick = (of, like) => Object.fromEntries(Object.keys(like).map((key) => [key, of[key]]));

/** The configuration as it is parsed. */
export function checkValues(files) {
    const findings = [], all = [...files.values()];
    const resource = (type, name) => all.map((content) => content.resource?.[type]?.[name]?.[0]).find(Boolean) ?? {};
    const local = Object.assign({}, ...all.flatMap((content) => content.locals ?? []));
    const wanted = (what, found, expected) => { if (!same(found, expected)) findings.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`); };

    const rules = Object.assign({}, ...all.map((content) => content.resource?.alicloud_security_group_rule ?? {})), [http, https, ssh, egress] = CHECKLIST.rules;
    wanted('the groups of rules', Object.keys(rules).sort(), ['egress', 'public', 'ssh']);
    wanted('security group', resource('alicloud_security_group', 'mms').security_group_name, CHECKLIST.group);
    wanted('public ports', Object.values(local.public_ports ?? {}).map(({ port, description }) => [`${port}/${port}`, description]), [http, https].map((one) => [one.port_range, one.description]));
    wanted('public rule', pick(resource('alicloud_security_group_rule', 'public'), http), { ...http, port_range: '${each.value.port}/${each.value.port}', description: '${each.value.description}' });
    wanted('ssh rule', pick(resource('alicloud_security_group_rule', 'ssh'), ssh), { ...ssh, cidr_ip: '${each.value}' });
    wanted('ssh from', resource('alicloud_security_group_rule', 'ssh').for_each, '${toset(var.admin_cidrs)}');
    wanted('egress', pick(resource('alicloud_security_group_rule', 'egress'), egress), egress);
    wanted('health check', pick(resource('alicloud_alb_server_group', 'mms').health_check_config?.[0] ?? {}, CHECKLIST.health), CHECKLIST.health);
    wanted('monitor group', resource('alicloud_cms_monitor_group', 'mms').monitor_group_name, CHECKLIST.monitorGroup);
    wanted('thresholds', Object.fromEntries(Object.values(local.thresholds ?? {}).map(({ metric, threshold }) => [metric, threshold])), CHECKLIST.thresholds);
    wanted('threshold alarm', resource('alicloud_cms_alarm', 'threshold').escalations_critical?.[0], { comparison_operator: '>', statistics: 'Average', threshold: '${tostring(each.value.threshold)}', times: 3 });
    wanted('traffic', Object.values(local.traffic ?? {}).map(({ metric }) => metric), CHECKLIST.traffic);
    wanted('anomaly', resource('alicloud_cms_alarm', 'unusual_traffic').escalations_warn?.[0]?.comparison_operator, 'GreaterThanLastWeek');
    wanted('bucket', [local.bucket, resource('alicloud_oss_bucket_acl', 'uploads').acl, resource('alicloud_oss_bucket_public_access_block', 'uploads').block_public_access], ['${coalesce(var.bucket_name, "mms-uploads-${var.suffix}")}', 'private', true]);
    wanted('log project', local.log_project, '${coalesce(var.log_project_name, "mms-logs-${var.suffix}")}');
    wanted('role', resource('alicloud_ram_role', 'ecs').role_name, 'mms-ecs-role');
    // What checkPlan looks at once more, where there is a Terraform that makes a plan.
    const standard = (name) => all.map((content) => content.variable?.[name]?.[0]).find(Boolean)?.default;
    const bucket = resource('alicloud_oss_bucket', 'uploads'), machine = resource('alicloud_instance', 'mms'), snapshots = resource('alicloud_ecs_auto_snapshot_policy', 'daily'), record = resource('alicloud_alidns_record', 'mms');
    wanted('2 processors, 4 GiB, one', [/^ecs\.(e-c1m2|u1-c1m2|c\d\w*)\.large$/.test(standard('instance_type')), standard('instance_count'), machine.instance_type], [true, 1, '${var.instance_type}']);
    wanted('bandwidth', [standard('bandwidth'), resource('alicloud_eip_address', 'mms').bandwidth], [5, '${tostring(var.bandwidth)}']);
    wanted('machine', [machine.security_groups, machine.http_tokens, machine.internet_max_bandwidth_out, machine.system_disk_encrypted], [['${alicloud_security_group.mms.id}'], 'required', 0, true]);
    wanted('user data', /^\$\{base64encode\(templatefile\("\$\{path\.module\}\/user-data\.yaml"/.test(machine.user_data), true);
    wanted('the role is the machine\'s', resource('alicloud_ecs_ram_role_attachment', 'ecs').ram_role_name, '${alicloud_ram_role.ecs.role_name}');
    wanted('address of each machine', pick(resource('alicloud_eip_association', 'mms'), { allocation_id: 0, instance_id: 0 }), { allocation_id: '${alicloud_eip_address.mms[count.index].id}', instance_id: '${alicloud_instance.mms[count.index].id}' });
    wanted('snapshots', [snapshots.repeat_weekdays?.length, standard('snapshot_days'), snapshots.retention_days, machine.system_disk_auto_snapshot_policy_id, resource('alicloud_ecs_auto_snapshot_policy_attachment', 'data').disk_id],
        [7, 7, '${var.snapshot_days}', '${alicloud_ecs_auto_snapshot_policy.daily.id}', '${alicloud_ecs_disk.data[count.index].id}']);
    wanted('names', [standard('hosts'), record.for_each, record.rr, record.value], [CHECKLIST.hosts, '${var.domain == null ? toset([]) : toset(var.hosts)}', '${each.value}', '${var.enable_alb ? one(alicloud_alb_load_balancer.mms[*].dns_name) : alicloud_eip_address.mms[0].ip_address}']);
    wanted('listeners', ['https', 'http'].map((name) => [resource('alicloud_alb_listener', name).listener_port, resource('alicloud_alb_listener', name).listener_protocol]), [[443, 'HTTPS'], [80, 'HTTP']]);
    wanted('http leads to https', resource('alicloud_alb_rule', 'redirect').rule_actions?.map(({ type, redirect_config: [to] }) => [type, to.protocol, to.port, to.http_code]), [['Redirect', 'HTTPS', '443', '301']]);
    wanted('versions, encryption', [resource('alicloud_oss_bucket_versioning', 'uploads').status, resource('alicloud_oss_bucket_server_side_encryption', 'uploads').sse_algorithm], ['Enabled', 'AES256']);
    // Of what people have put there nothing ends but what they have removed; of the rest, after so many days.
    wanted('lifecycle', bucket.lifecycle_rule?.map((rule) => [rule.prefix, rule.enabled, rule.expiration?.[0].days ?? null, rule.noncurrent_version_expiration?.[0].days ?? null, rule.abort_multipart_upload?.[0].days ?? null]),
        [['', true, null, 30, 3], ['exports/', true, 7, null, null], ['backup/', true, 400, null, null], ['_doctor/', true, 1, null, null]]);
    wanted('https alone', [resource('alicloud_oss_bucket_policy', 'uploads').bucket, /bucket-https\.json/.test(resource('alicloud_oss_bucket_policy', 'uploads').policy)], ['${alicloud_oss_bucket.uploads.bucket}', true]);
    wanted('secret', [standard('kms_secret_name'), resource('alicloud_kms_secret', 'jwt').secret_name], [CHECKLIST.secret, '${var.kms_secret_name}']);
    wanted('logstores', [Object.keys(logtail('logstores')), Object.values(logtail('pipelines')).map(({ logstore }) => logstore).filter((name) => !CHECKLIST.logstores.includes(name))], [CHECKLIST.logstores, []]);
    wanted('kept', [standard('log_retention_days'), standard('enable_sls'), resource('alicloud_log_store', 'mms').retention_period], [180, true, '${var.log_retention_days}']);
    wanted('each has its store, index and alarms', ['alicloud_log_store', 'alicloud_log_store_index', 'alicloud_sls_logtail_pipeline_config', 'alicloud_logtail_attachment', 'alicloud_sls_alert'].map((type) => resource(type, 'mms').for_each),
        ['logstores', 'logstores', 'pipelines', 'pipelines', 'log_alerts'].map((name) => `\${local.${name}}`));
    wanted('alarms as they are written', ['query', 'start'].map((name) => resource('alicloud_sls_alert', 'mms').configuration?.[0].query_list[0][name]).concat(resource('alicloud_sls_alert', 'mms').configuration?.[0].threshold), ['${each.value.query}', '${each.value.from}', '${each.value.times}']);
    const told = '${alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name}';
    wanted('alarms tell', ['threshold', 'unusual_traffic', 'full_traffic'].map((name) => resource('alicloud_cms_alarm', name).contact_groups), [[told], [told], [told]]);
    wanted('members', resource('alicloud_cms_monitor_group_instances', 'mms').dynamic?.instances?.[0].for_each, '${alicloud_instance.mms}');
    for (const [type, name] of [['alicloud_oss_bucket', 'uploads'], ['alicloud_ecs_disk', 'data'], ['alicloud_db_instance', 'mms']])
        wanted(`${type} is protected`, resource(type, name).lifecycle?.[0]?.prevent_destroy, true);
    return findings;
}

/** The resources that were made: [{type, values}]. */
export function checkPlan(list) {
    const findings = [], of = (type) => list.filter((one) => one.type === type).map(({ values }) => values);
    const wanted = (what, found, expected) => { if (!same(found, expected)) findings.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`); };
    const by = (key) => (a, b) => (a[key] < b[key] ? -1 : 1);

    const rules = of('alicloud_security_group_rule').map((one) => pick(one, CHECKLIST.rules[0]));
    wanted('rules', rules.map((one) => (one.port_range === '22/22' && one.cidr_ip !== '0.0.0.0/0' ? { ...one, cidr_ip: '管理IP' } : one)).sort(by('description')), [...CHECKLIST.rules].sort(by('description')));
    wanted('security group', of('alicloud_security_group').map((one) => one.security_group_name), [CHECKLIST.group]);
    const alarms = of('alicloud_cms_alarm');
    for (const [metric, threshold] of Object.entries(CHECKLIST.thresholds))
        wanted(metric, alarms.filter((one) => one.metric === metric).map(({ escalations_critical: [one] }) => [one.comparison_operator, one.threshold]), [['>', String(threshold)]]);
    for (const metric of CHECKLIST.traffic)
        wanted(metric, alarms.filter((one) => one.metric === metric).map(({ escalations_warn: [one] }) => one.comparison_operator).sort(), ['>', 'GreaterThanLastWeek']);
    const instances = of('alicloud_instance');
    wanted('2 processors, 4 GiB', instances.filter((one) => !/^ecs\.(e-c1m2|u1-c1m2|c\d\w*)\.large$/.test(one.instance_type)), []);
    wanted('bandwidth', of('alicloud_eip_address').map((one) => one.bandwidth), instances.map(() => '5'));
    for (const { metric_dimensions, contact_groups } of alarms) {
        wanted('alarm on every machine', JSON.parse(metric_dimensions).map((one) => one.instanceId).sort(), instances.map((one) => one.id).sort());
        wanted('alarm tells', contact_groups, of('alicloud_cms_alarm_contact_group').map((one) => one.alarm_contact_group_name));
    }
    wanted('monitor group', of('alicloud_cms_monitor_group').map((one) => one.monitor_group_name), [CHECKLIST.monitorGroup]);
    for (const metric of Object.keys(CHECKLIST.thresholds))
        wanted(`${metric}: of which, how often`, alarms.filter((one) => one.metric === metric).map(({ project, period, silence_time, escalations_critical: [{ statistics, times }] }) => [project, period, silence_time, statistics, times]), [['acs_ecs_dashboard', 60, 3600, 'Average', 3]]);
    wanted('no other alarm', alarms.length, Object.keys(CHECKLIST.thresholds).length + 2 * CHECKLIST.traffic.length);
    wanted('contacts have mail', [of('alicloud_cms_alarm_contact').length > 0, of('alicloud_cms_alarm_contact').filter((one) => !/@/.test(one.channels_mail))], [true, []]);
    wanted('the contacts are in the group', of('alicloud_cms_alarm_contact_group').map(({ contacts }) => contacts.length), [of('alicloud_cms_alarm_contact').length]);
    const [alb] = of('alicloud_alb_load_balancer'), records = of('alicloud_alidns_record');
    if (records.length)
        wanted('names', records.map((one) => [one.rr, one.type, one.value, one.ttl]).sort(), CHECKLIST.hosts.map((host) => (alb ? [host, 'CNAME', alb.dns_name, 600] : [host, 'A', of('alicloud_eip_address')[0].ip_address, 600])));
    if (alb) {
        wanted('listeners', of('alicloud_alb_listener').map((one) => [one.listener_port, one.listener_protocol]).sort(), [[443, 'HTTPS'], [80, 'HTTP']]);
        wanted('http leads to https', of('alicloud_alb_rule').map(({ rule_actions: [{ type, redirect_config: [to] }] }) => [type, to.protocol, to.port, to.http_code]), [['Redirect', 'HTTPS', '443', '301']]);
        wanted('the check asks as the server answers', of('alicloud_alb_server_group').map(({ protocol, health_check_config: [one] }) => [protocol, one.health_check_protocol, one.health_check_method, one.health_check_codes]), [['HTTPS', 'HTTPS', 'GET', ['http_2xx']]]);
    }
    wanted('snapshots', of('alicloud_ecs_auto_snapshot_policy').map((one) => [one.repeat_weekdays.length, one.retention_days]), [[7, 7]]);
    wanted('each data disk has its snapshots', of('alicloud_ecs_auto_snapshot_policy_attachment').map((one) => one.disk_id).sort(), of('alicloud_ecs_disk').map((one) => one.id).sort());
    wanted('disks are encrypted', [...instances.map((one) => one.system_disk_encrypted), ...of('alicloud_ecs_disk').map((one) => one.encrypted)], instances.flatMap(() => [true, true]));
    wanted('machines', instances.map((one) => [one.http_tokens, one.internet_max_bandwidth_out, one.deletion_protection, one.security_groups]), instances.map(() => ['required', 0, true, of('alicloud_security_group').map(({ id }) => id)]));
    wanted('secret', of('alicloud_kms_secret').map((one) => one.secret_name), of('alicloud_kms_instance').map(() => CHECKLIST.secret));
    wanted('what the role may', of('alicloud_ram_role_policy_attachment').map((one) => [one.role_name, one.policy_name, one.policy_type]).sort(),
        ['mms-oss', ...of('alicloud_kms_instance').map(() => 'mms-kms')].sort().map((name) => [CHECKLIST.role, name, 'Custom']));
    wanted('machines with the role', of('alicloud_ecs_ram_role_attachment').map((one) => [one.instance_id, one.ram_role_name]).sort(), instances.map((one) => [one.id, CHECKLIST.role]).sort());
    wanted('indexes', of('alicloud_log_store_index').map((one) => one.logstore).sort(), CHECKLIST.logstores);
    wanted('collected', of('alicloud_logtail_attachment').map((one) => one.logtail_config_name).sort(), of('alicloud_sls_logtail_pipeline_config').map((one) => one.config_name).sort());
    wanted('members', of('alicloud_cms_monitor_group_instances')[0]?.instances.length, instances.length);
    wanted('logstores', of('alicloud_log_store').map((one) => one.logstore_name).sort(), CHECKLIST.logstores);
    wanted('kept', of('alicloud_log_store').map((one) => one.retention_period), CHECKLIST.logstores.map(() => 180));
    wanted('bucket', [of('alicloud_oss_bucket').length, of('alicloud_oss_bucket_acl')[0]?.acl, of('alicloud_oss_bucket_versioning')[0]?.status, of('alicloud_oss_bucket_server_side_encryption')[0]?.sse_algorithm], [1, 'private', 'Enabled', 'AES256']);
    for (const one of of('alicloud_alb_server_group')) {
        wanted('health check', pick(one.health_check_config[0], CHECKLIST.health), CHECKLIST.health);
        wanted('servers', one.servers.map(({ weight, port }) => [weight, port]), instances.map(() => [100, 443]));
    }
    for (const { inputs, processors, flushers } of of('alicloud_sls_logtail_pipeline_config'))
        for (const step of [...inputs, ...processors, ...flushers])
            for (const [key, value] of Object.entries(step))
                if (typeof value !== 'string' || (/^[[{]/.test(value) && !JSON.parse(value)))
                    findings.push(`${key} of a pipeline is no text: ${JSON.stringify(value)}`);
    return findings;
}
