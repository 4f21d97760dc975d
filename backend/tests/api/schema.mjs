// Holds every answer against the description that the program gives of itself (GET /api/openapi.json).
import assert from 'node:assert/strict';

/** From the parsed description: a function that checks the `data` of a success. `asText`: the client asked for
 *  quantities as strings. */
export function schemaChecker(openapi) {
    const routes = [];
    for (const [path, methods] of Object.entries(openapi.paths)) {
        // A literal segment wins over a parameter, as in the program.
        const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
        for (const [method, operation] of Object.entries(methods))
            routes.push({ path, pattern, method: method.toUpperCase(), operation });
    }
    routes.sort((a, b) => a.path.split('{').length - b.path.split('{').length);
    const named = (schema) => (schema.$ref ? openapi.components.schemas[schema.$ref.split('/').at(-1)] : schema);

    function check(schema, value, where, asText) {
        const { type, properties = {}, required = [], items, allOf = [], nullable } = named(schema);
        for (const part of allOf)
            check(part, value, where, asText);
        if (value === null) {
            assert.ok(nullable, `${where} is null`);
            return;
        }
        switch (type) {
        case 'object':
            assert.equal(typeof value, 'object', where);
            for (const name of required)
                assert.ok(name in value, `${where}.${name} is missing`);
            for (const [name, part] of Object.entries(properties))
                if (name in value)
                    check(part, value[name], `${where}.${name}`, asText);
            break;
        case 'array':
            assert.ok(Array.isArray(value), `${where} is no array`);
            value.forEach((one, i) => check(items, one, `${where}[${i}]`, asText));
            break;
        case 'integer':
            assert.ok(Number.isInteger(value), `${where} is no integer: ${value}`);
            break;
        case 'number':
            assert.equal(typeof value, asText ? 'string' : 'number', `${where}: ${value}`);
            break;
        case 'string':
            assert.equal(typeof value, 'string', `${where}: ${value}`);
            break;
        }
    }

    return (method, path, answer, asText) => {
        const route = routes.find((one) => one.method === method && one.pattern.test(path));
        assert.ok(route, `${method} ${path} answered ${answer.status}, but is not described`);
        const described = route.operation.responses['2XX']?.content['application/json'].schema.properties.data;
        if (described && answer.body.data !== undefined)
            check(described, answer.body.data, `${route.method} ${route.path}: data`, asText);
    };
}
