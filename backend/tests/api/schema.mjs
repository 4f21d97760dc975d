// Holds every answer against the description that the program gives of itself (GET /api/openapi.json).
import assert from 'node:assert/strict';

const TYPES = {
    null: (value) => value === null,
    object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    array: Array.isArray,
    integer: Number.isInteger,
    number: (value) => typeof value === 'number',
    string: (value) => typeof value === 'string',
    boolean: (value) => typeof value === 'boolean',
};
const FORMATS = { date: /^\d{4}-\d\d-\d\d$/, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ };

/** From the parsed description: a function that checks a whole answer, success or failure. A status, a code or a member
 *  that is not described fails; so does a success without a description. `asText`: the client asked for quantities as strings. */
export function schemaChecker(openapi) {
    const routes = [];
    for (const [path, methods] of Object.entries(openapi.paths)) {
        // A literal segment wins over a parameter, as in the program.
        const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
        for (const [method, operation] of Object.entries(methods))
            routes.push({ path, pattern, method: method.toUpperCase(), operation });
    }
    routes.sort((a, b) => a.path.split('{').length - b.path.split('{').length);
    const statuses = Object.fromEntries(openapi['x-errors'].map((row) => [row.code, row.status]));
    const named = (told) => (told.$ref ? told.$ref.slice(2).split('/').reduce((at, name) => at[name], openapi) : told);

    /** The schema and all that it is put together from. */
    function partsOf(schema) {
        const own = named(schema);
        return [own, ...(own.allOf ?? []).flatMap(partsOf)];
    }

    function checkType({ type }, value, where, asText) {
        if (!type)
            return;
        const types = [type].flat().map((one) => (one === 'number' && asText ? 'string' : one));
        assert.ok(types.some((one) => TYPES[one](value)), `${where} is no ${types.join(' or ')}: ${JSON.stringify(value)}`);
    }

    function checkValue(schema, value, where) {
        if ('const' in schema)
            assert.equal(value, schema.const, where);
        if (schema.enum)
            assert.ok(schema.enum.includes(value), `${where} is none of ${schema.enum.join(', ')}: ${value}`);
        if (typeof value !== 'string')
            return;
        if (schema.pattern)
            assert.match(value, new RegExp(schema.pattern, 'u'), where);
        if (FORMATS[schema.format])
            assert.match(value, FORMATS[schema.format], where);
    }

    function checkMembers(parts, value, where, asText) {
        const properties = Object.assign({}, ...parts.map((part) => part.properties));
        for (const name of parts.flatMap((part) => part.required ?? []))
            assert.ok(name in value, `${where}.${name} is missing`);
        for (const [name, member] of Object.entries(value)) {
            if (properties[name])
                check(properties[name], member, `${where}.${name}`, asText);
            else
                assert.ok(parts.some((part) => part.additionalProperties) || !Object.keys(properties).length, `${where}.${name} is not described`);
        }
    }

    function check(schema, value, where, asText) {
        const parts = partsOf(schema);
        for (const part of parts) {
            checkType(part, value, where, asText);
            checkValue(part, value, where);
            if (part.items && value !== null)
                value.forEach((one, i) => check(part.items, one, `${where}[${i}]`, asText));
        }
        const choices = parts.flatMap((part) => part.anyOf ?? []);
        if (choices.length)
            assert.ok(choices.some((one) => fits(one, value, asText)), `${where} is none of what it may be: ${JSON.stringify(value)}`);
        else if (TYPES.object(value))
            checkMembers(parts, value, where, asText);
    }

    function fits(schema, value, asText) {
        try {
            check(schema, value, '', asText);
            return true;
        } catch {
            return false;
        }
    }

    return (method, path, answer, asText) => {
        const route = routes.find((one) => one.method === method && one.pattern.test(path));
        if (!route) {
            assert.ok([400, 404, 405, 413, 415, 503].includes(answer.status), `${method} ${path} answered ${answer.status}, but is not described`);
            return;
        }
        const where = `${route.method} ${route.path}: ${answer.status}`;
        const described = route.operation.responses[answer.status];
        assert.ok(described, `${where} is not described: ${answer.text}`);
        check(named(described).content['application/json'].schema, answer.body, where, asText);
        if (answer.body.success === false) {
            assert.ok(route.operation['x-codes'].includes(answer.body.code), `${where} has an undescribed code: ${answer.text}`);
            assert.equal(answer.status, statuses[answer.body.code], `${where}: ${answer.body.code}`);
        }
    };
}
