// RAM policies: may this be done? Deny wins, and what nothing allows is refused. A condition that is not known here is an error, never a yes.
const list = (value) => [value].flat();
const quoted = (text) => text.replace(/[\\^$.+()[\]{}|]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');

/** A text against a pattern with * and ?. */
export const matches = (pattern, text, flags = '') => new RegExp(`^${quoted(pattern)}$`, `s${flags}`).test(text);

const OPERATORS = {
    Bool: (wanted, found) => list(wanted).some((one) => String(one) === String(found)),
    StringEquals: (wanted, found) => list(wanted).includes(found),
    StringLike: (wanted, found) => list(wanted).some((one) => matches(one, found)),
};
function holds(condition, context) {
    return Object.entries(condition).every(([operator, keys]) => {
        if (!OPERATORS[operator])
            throw new Error(`a condition that is not known here: ${operator}`);
        return Object.entries(keys).every(([key, wanted]) => {
            if (context[key] === undefined)
                throw new Error(`a condition on what is not known here: ${key}`);
            return OPERATORS[operator](wanted, context[key]);
        });
    });
}

/** 'Allow', 'Deny' or undefined (nothing is said). policies: documents, as one who asks has them attached, or as a bucket has them. */
export function decide(policies, action, resource, context) {
    const hits = list(policies).flatMap(({ Version, Statement }) => {
        if (Version !== undefined && Version !== '1')
            throw new Error(`a policy of a version that is not known here: ${Version}`);
        return list(Statement);
    }).filter((one) => list(one.Action).some((pattern) => matches(pattern, action, 'i')) && list(one.Resource).some((pattern) => matches(pattern, resource)) && holds(one.Condition ?? {}, context));
    return hits.some(({ Effect }) => Effect === 'Deny') ? 'Deny' : hits.some(({ Effect }) => Effect === 'Allow') ? 'Allow' : undefined;
}
