/** Terraform configurations looked at without Terraform: parsed for real (hcl2json), and every block, argument, literal value and reference
 *  held against the provider's schema (schema.json) and against what the configuration itself declares. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from '@cdktn/hcl2json';

const META = new Set(['count', 'for_each', 'provider', 'depends_on', 'lifecycle', 'dynamic']);
const KEYWORDS = new Set(['for', 'in', 'if', 'true', 'false', 'null', 'endif', 'else', 'endfor']);
const FUNCTIONS = new Set(`abs alltrue anytrue base64decode base64encode base64gzip can ceil chomp cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat contains
    distinct element endswith file fileexists filebase64 flatten floor format formatlist indent index join jsondecode jsonencode keys length log lookup lower map matchkeys max merge min nonsensitive one
    parseint pow range regex regexall replace reverse sensitive setintersection setproduct setsubtract setunion sha1 sha256 slice sort split startswith strcontains strrev substr sum templatefile title
    tobool tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try upper urlencode uuid values yamldecode yamlencode zipmap`.split(/\s+/));

export const isExpression = (value) => typeof value === 'string' && value.includes('${');

/** All *.tf of a folder: Map of file name to what is in it. */
export async function parseFolder(folder) {
    const files = new Map();
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.tf')).sort())
        files.set(name, await parse(name, readFileSync(path.join(folder, name), 'utf8')));
    return files;
}

/** The names that an expression uses: [{words: ['var', 'region'], indexed}], its functions, and the variables of its `for`s. */
export function namesIn(text) {
    const names = [], functions = [], bound = new Set();
    // Text of a template, until `end`; what is between ${ and } is an expression.
    function template(at, end) {
        while (at < text.length && text[at] !== end) {
            if (text[at] === '\\')
                at += 2;
            else if (text.startsWith('$${', at) || text.startsWith('%%{', at))
                at += 3;
            else if (text.startsWith('${', at) || text.startsWith('%{', at))
                at = expression(at + 2, '}') + 1;
            else
                at++;
        }
        return at;
    }
    function expression(at, end) {
        const open = [];
        while (at < text.length && (open.length || text[at] !== end)) {
            const c = text[at];
            if (c === '"') {
                at = template(at + 1, '"') + 1;
            } else if ('([{'.includes(c)) {
                open.push(c);
                at++;
            } else if (')]}'.includes(c)) {
                open.pop();
                at++;
            } else if (/[A-Za-z_]/.test(c)) {
                at = name(at);
            } else {
                at++;
            }
        }
        return at;
    }
    function name(at) {
        const word = /^[A-Za-z_][\w-]*/.exec(text.slice(at))[0], rest = text.slice(at + word.length);
        if (word === 'for') {
            for (const one of /^\s+([\w]+)(?:\s*,\s*([\w]+))?\s+in\b/.exec(rest)?.slice(1) ?? [])
                if (one)
                    bound.add(one);
            return at + word.length + (/^\s+[\w]+(?:\s*,\s*[\w]+)?\s+in\b/.exec(rest)?.[0].length ?? 0);
        }
        if (KEYWORDS.has(word))
            return at + word.length;
        if (/^\s*\(/.test(rest)) {
            functions.push(word);
            return at + word.length;
        }
        if (/^\s*=(?![=>])/.test(rest)) // the key of an object
            return at + word.length;
        const words = [word];
        let indexed = false;
        at += word.length;
        for (;;) {
            const next = /^\.([A-Za-z_][\w-]*)/.exec(text.slice(at));
            if (next) {
                words.push(next[1]);
                at += next[0].length;
            } else if (text[at] === '[' && words.length >= 2) {
                indexed ||= words.length === 2 || (words[0] === 'data' && words.length === 3);
                at = expression(at + 1, ']') + 1;
            } else {
                break;
            }
        }
        names.push({ words, indexed });
        return at;
    }
    template(0, undefined);
    return { names, functions, bound };
}

/** Every value of a parsed block, with its way there: visit(value, path). */
function walk(value, visit, way = []) {
    if (Array.isArray(value))
        value.forEach((one, i) => walk(one, visit, [...way, i]));
    else if (value && typeof value === 'object')
        Object.entries(value).forEach(([key, one]) => { visit(key, [...way, '']); walk(one, visit, [...way, key]); });
    else
        visit(value, way);
}

const literalIs = {
    s: (value) => ['string', 'number', 'boolean'].includes(typeof value),
    i: (value) => Number.isInteger(typeof value === 'string' && value.trim() ? Number(value) : value),
    f: (value) => Number.isFinite(typeof value === 'string' && value.trim() ? Number(value) : value),
    b: (value) => typeof value === 'boolean' || value === 'true' || value === 'false',
    m: (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
    l: Array.isArray, S: Array.isArray,
};

class Checker {
    constructor(schema, files, modules) {
        Object.assign(this, { schema, files, modules, findings: [] });
        this.declared = { variable: new Map(), output: new Map(), local: new Map(), resource: new Map(), data: new Map(), module: new Map() };
        for (const [file, content] of files) {
            for (const kind of ['variable', 'output', 'module'])
                for (const [name, [block]] of Object.entries(content[kind] ?? {}))
                    this.declare(file, kind, name, block);
            for (const block of content.locals ?? [])
                for (const [name, value] of Object.entries(block))
                    this.declare(file, 'local', name, value);
            for (const kind of ['resource', 'data'])
                for (const [type, all] of Object.entries(content[kind] ?? {}))
                    for (const [name, [block]] of Object.entries(all))
                        this.declare(file, kind, `${type}.${name}`, block);
        }
    }

    tell(file, where, what) { this.findings.push(`${file}: ${where}: ${what}`); }
    declare(file, kind, name, value) {
        if (this.declared[kind].has(name))
            this.tell(file, `${kind} ${name}`, 'declared twice');
        this.declared[kind].set(name, { file, value });
    }

    run() {
        for (const [kind, all] of [['resource', this.schema.resources], ['data', this.schema.data_sources]])
            for (const [name, { file, value }] of this.declared[kind]) {
                const type = name.split('.')[0], known = all[type];
                if (!known)
                    this.tell(file, name, 'no such type');
                else if (known.deprecated)
                    this.tell(file, name, `deprecated: ${known.deprecated}`);
                else
                    this.block(file, name, value, known.a, { top: true, timeouts: known.timeouts });
                this.references(file, name, value, { each: value.for_each !== undefined, count: value.count !== undefined });
            }
        for (const [name, { file, value }] of this.declared.variable) {
            for (const wanted of ['description', 'type'])
                if (value[wanted] === undefined)
                    this.tell(file, `variable ${name}`, `no ${wanted}`);
            for (const { condition } of value.validation ?? [])
                for (const { words } of namesIn(condition).names)
                    if (words[0] === 'var' && words[1] !== name)
                        this.tell(file, `variable ${name}`, `its validation uses var.${words[1]} (only Terraform 1.9 and newer can)`);
            this.references(file, `variable ${name}`, { validation: value.validation ?? [], default: value.default ?? null });
        }
        for (const [name, { file, value }] of this.declared.output) {
            if (!value.description)
                this.tell(file, `output ${name}`, 'no description');
            this.references(file, `output ${name}`, value);
        }
        for (const [name, { file, value }] of this.declared.local)
            this.references(file, `local ${name}`, value);
        for (const [name, { file, value }] of this.declared.module)
            this.module(file, name, value);
        for (const [file, content] of this.files)
            for (const [name, blocks] of Object.entries(content.provider ?? {}))
                this.references(file, `provider ${name}`, blocks);
        const used = new Set(this.used);
        for (const [name, { file }] of this.declared.variable)
            if (!used.has(`var.${name}`))
                this.tell(file, `variable ${name}`, 'is not used');
        return this.findings;
    }

    /** The arguments and blocks of one block. */
    block(file, where, block, args, { top = false, timeouts } = {}) {
        const dynamic = block.dynamic ?? {};
        for (const [key, value] of Object.entries(block)) {
            if (key === 'dynamic' || (top && META.has(key)) || (top && key === 'timeouts' && timeouts))
                continue;
            this.argument(file, where, key, value, args[key]);
        }
        for (const [key, all] of Object.entries(dynamic))
            for (const { content, for_each: each } of all) {
                if (each === undefined || !content)
                    this.tell(file, `${where}.${key}`, 'a dynamic block wants for_each and content');
                else
                    this.argument(file, where, key, content, args[key], true);
            }
        for (const [key, arg] of Object.entries(args)) {
            if (arg.f.includes('R') && block[key] === undefined && !dynamic[key])
                this.tell(file, where, `${key} is missing`);
            for (const other of arg.conf ?? [])
                if (block[key] !== undefined && block[other] !== undefined && block[other] !== null)
                    this.tell(file, where, `${key} and ${other} exclude one another`);
            for (const [rule, wrong] of [['oneof', (n) => n !== 1], ['anyof', (n) => n < 1]]) {
                const group = arg[rule];
                if (group && group[0] === key && wrong(group.filter((one) => block[one] !== undefined || dynamic[one]).length))
                    this.tell(file, where, `${rule === 'oneof' ? 'exactly' : 'at least'} one of ${group.join(', ')}`);
            }
            for (const other of block[key] !== undefined ? arg.with ?? [] : [])
                if (block[other] === undefined)
                    this.tell(file, where, `${key} wants ${other}`);
        }
    }

    argument(file, where, key, value, arg, isDynamic = false) {
        const here = `${where}.${key}`;
        if (!arg)
            return this.tell(file, where, `no argument ${key}`);
        if (arg.removed)
            return this.tell(file, here, 'was removed');
        if (arg.dep)
            return this.tell(file, here, `deprecated: ${arg.dep}`);
        if (!/[RO]/.test(arg.f))
            return this.tell(file, here, 'is read-only');
        if (arg.b) {
            if (!Array.isArray(value) || value.some((one) => one === null || typeof one !== 'object'))
                return this.tell(file, here, 'is a block');
            if (arg.max && value.length > arg.max)
                this.tell(file, here, `at most ${arg.max}`);
            if (arg.min && value.length < arg.min && !isDynamic)
                this.tell(file, here, `at least ${arg.min}`);
            for (const one of value)
                this.block(file, here, one, arg.b);
            return undefined;
        }
        if (value === null || isExpression(value))
            return undefined;
        return this.literal(file, here, value, arg);
    }

    literal(file, here, value, arg) {
        if (!literalIs[arg.t](value))
            return this.tell(file, here, `is not of its type: ${JSON.stringify(value)}`);
        if (arg.t === 'l' || arg.t === 'S') {
            if (arg.max && value.length > arg.max)
                this.tell(file, here, `at most ${arg.max}`);
            for (const one of value)
                if (!isExpression(one) && !literalIs[typeof arg.e === 'string' ? arg.e : 's'](one))
                    this.tell(file, here, `an element is not of its type: ${JSON.stringify(one)}`);
        }
        if (arg.enum && !arg.enum.some((one) => String(one).startsWith('const:')) && !arg.enum.map(String).includes(String(value)))
            this.tell(file, here, `${JSON.stringify(value)} is none of ${arg.enum.join(', ')}`);
        if (arg.range) {
            const [low, high, how] = arg.range, n = how === 'StringLenBetween' ? [...String(value)].length : Number(value);
            if ((low !== '?' && n < low) || (high !== '?' && n > high))
                this.tell(file, here, `${JSON.stringify(value)} is not within ${low} to ${high}`);
        }
        return undefined;
    }

    used = [];

    /** What the expressions of a block refer to is there. */
    references(file, where, block, { each = false, count = false } = {}) {
        const iterators = new Set();
        walk(block, (value, way) => {
            const at = way.indexOf('dynamic');
            if (at >= 0 && way[at + 1])
                iterators.add(way[at + 1]);
        });
        walk(block, (value, way) => {
            // Of what is written in `lifecycle`, names in ignore_changes are arguments; of depends_on, whole resources.
            if (!isExpression(value) || way.includes('ignore_changes'))
                return;
            const { names, functions, bound } = namesIn(value);
            for (const one of functions)
                if (!FUNCTIONS.has(one))
                    this.tell(file, where, `no function ${one}`);
            for (const { words, indexed } of names) {
                const problem = this.reference(words, indexed, { each, count, self: way.includes('lifecycle') || way.includes('provisioner'), whole: way.includes('depends_on') || way.includes('for_each') || /\bin\s/.test(value),
                    others: new Set([...bound, ...iterators]) });
                if (problem)
                    this.tell(file, where, `${words.join('.')}: ${problem}`);
            }
        });
    }

    reference(words, indexed, scope) {
        const [root, name] = words, { declared } = this;
        if (scope.others.has(root))
            return undefined;
        if (root === 'var') {
            this.used.push(`var.${name}`);
            return declared.variable.has(name) ? undefined : 'no such variable';
        }
        if (root === 'local')
            return declared.local.has(name) ? undefined : 'no such local';
        if (root === 'each')
            return scope.each ? undefined : 'there is no for_each';
        if (root === 'count')
            return scope.count ? undefined : 'there is no count';
        if (root === 'self')
            return scope.self ? undefined : 'there is no self here';
        if (root === 'path' || root === 'terraform')
            return undefined;
        if (root === 'module') {
            if (!declared.module.has(name))
                return 'no such module';
            const files = this.modules.get(declared.module.get(name).value.source), output = words[2];
            return files && ![...files.values()].some((content) => content.output?.[output]) ? 'the module has no such output' : undefined;
        }
        const kind = root === 'data' ? 'data' : 'resource', [type, one, attribute] = root === 'data' ? words.slice(1) : words;
        const known = (kind === 'data' ? this.schema.data_sources : this.schema.resources)[type];
        if (!known)
            return 'unknown name';
        const target = declared[kind].get(`${type}.${one}`);
        if (!target)
            return 'no such resource';
        const many = target.value.count !== undefined || target.value.for_each !== undefined;
        if (many && !indexed && !scope.whole)
            return 'there are many: which one?';
        if (!many && indexed)
            return 'there is only one';
        return attribute && attribute !== 'id' && !known.a[attribute] ? `${type} has no ${attribute}` : undefined;
    }

    module(file, name, value) {
        const files = this.modules.get(value.source), where = `module ${name}`;
        this.references(file, where, value);
        if (!files)
            return this.tell(file, where, `its source is not known: ${value.source}`);
        const variables = Object.assign({}, ...[...files.values()].map((content) => content.variable ?? {}));
        for (const key of Object.keys(value))
            if (!['source', 'version', 'providers', ...META].includes(key) && !variables[key])
                this.tell(file, where, `no variable ${key}`);
        for (const [key, [variable]] of Object.entries(variables))
            if (!('default' in variable) && value[key] === undefined)
                this.tell(file, where, `${key} is missing`);
        return undefined;
    }
}

/** What is wrong with a folder of *.tf; `modules`: Map of a module's source to its files. */
export const check = (schema, files, modules = new Map()) => new Checker(schema, files, modules).run();
