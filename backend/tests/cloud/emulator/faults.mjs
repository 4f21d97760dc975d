// Faults on demand: each waits for the requests that it fits, and is used up by them.
export const KINDS = ['error', '500', '502', '503', '429', 'throttle', 'hang', 'slow', 'slow-read', 'truncate', 'reset-before', 'reset-mid', 'reset-after', 'corrupt', 'lost-ack',
    'skew', 'bad-xml', 'answer', 'html-error', 'redirect', 'expired-token', 'no-continue'];

export class Faults {
    waiting = [];

    /** {kind, times = 1, skip = 0, service, method, path, …what the kind takes}. path: a regular expression over "/KEY?QUERY", or its text.
     *  times: 'always' for all. Returns a function that takes it away. */
    add(fault) {
        if (!KINDS.includes(fault.kind))
            throw new Error(`no such fault: ${fault.kind}; there are ${KINDS.join(' ')}`);
        const entry = { ...fault, left: fault.times === 'always' ? Infinity : fault.times ?? 1, skip: fault.skip ?? 0, path: fault.path && new RegExp(fault.path) };
        this.waiting.push(entry);
        return () => {
            this.waiting = this.waiting.filter((other) => other !== entry);
        };
    }

    clear() {
        this.waiting = [];
    }

    /** The first that fits; one of its times is used. */
    take({ service, method, path }) {
        const fits = (f) => (!f.service || f.service === service) && (!f.method || f.method === method) && (!f.path || f.path.test(path));
        for (const fault of this.waiting.filter(fits)) {
            if (fault.skip > 0) {
                fault.skip--;
                continue;
            }
            if (--fault.left <= 0)
                this.waiting = this.waiting.filter((other) => other !== fault);
            return fault;
        }
        return undefined;
    }
}
