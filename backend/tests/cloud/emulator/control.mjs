// The way to steer an emulator from outside, under /__… of its own address; for those who start it as a command.
const answer = (res, status, value) => {
    const text = JSON.stringify(value);
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    res.end(text);
};

const WORDS = {
    'GET /__log': (emulator) => emulator.log,
    'DELETE /__log': (emulator) => {
        emulator.log.length = 0;
    },
    'POST /__faults': (emulator, fault) => void emulator.fault(fault),
    'DELETE /__faults': (emulator) => emulator.faults.clear(),
    'POST /__clock': ({ state }, { skew }) => {
        state.skewMs = skew * 1000;
    },
    'POST /__secret': ({ state }, { name, data }) => ({ versionId: state.putSecret(name, data) }),
    'POST /__rotate': ({ state }) => state.rotateRole(),
    'POST /__machine': ({ state }, changes) => void Object.assign(state.machine, changes),
    'GET /__objects': (emulator, _, bucket) => emulator.keys(bucket).map((key) => {
        const { size, crc, etag, headers } = emulator.get(bucket, key);
        return { key, size, crc, etag, headers };
    }),
    'GET /__uploads': (emulator, _, bucket) => emulator.uploads(bucket),
};

export function handleControl(emulator, request, res) {
    const act = WORDS[`${request.method} ${request.path}`];
    if (!act)
        return answer(res, 404, { error: `there are: ${Object.keys(WORDS).join(', ')}` });
    try {
        const body = request.size ? JSON.parse(Buffer.concat(request.chunks)) : {};
        const bucket = Object.fromEntries(request.query).bucket ?? emulator.state.cname;
        return answer(res, 200, act(emulator, body, bucket) ?? {});
    } catch (error) {
        return answer(res, 400, { error: error.message });
    }
}
