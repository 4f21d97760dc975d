// A connection that can be cut at a chosen moment.
import net from 'node:net';
import path from 'node:path';

/** Stands between the program and the server; when `cut` is set, the next COMMIT gets through, but its answer does not; when `cutAfter` is
 *  set, the next connection that has carried so many bytes is cut; while `away` is set, no connection lasts. */
export function proxy(folder, upstream) {
    const state = { cut: false, cutAfter: 0, away: false, tries: 0 };
    const server = net.createServer((down) => {
        state.tries++;
        if (state.away)
            return down.on('error', () => {}).destroy();
        const up = net.connect(path.join(upstream, '.s.PGSQL.5432'));
        let swallow = false, passed = 0;
        const pass = (bytes, to) => {
            passed += bytes.length;
            if (state.cutAfter === 0 || passed < state.cutAfter)
                return to.write(bytes);
            state.cutAfter = 0;
            down.destroy();
        };
        down.on('data', (bytes) => {
            if (state.cut && bytes.includes('COMMIT\0')) {
                state.cut = false;
                swallow = true;
            }
            pass(bytes, up);
        });
        up.on('data', (bytes) => (swallow ? down.destroy() : pass(bytes, down)));
        for (const [a, b] of [[down, up], [up, down]])
            a.on('close', () => b.destroy()).on('error', () => b.destroy());
    });
    return new Promise((ready) => server.listen(path.join(folder, '.s.PGSQL.5432'), () => ready({ state, close: () => server.close() })));
}
