/**
 * A slow device and a slow network for every page of a browser, so that a journey shows what only some people would see.
 * JOURNEY_SLOW=4: the processor, so many times slower. JOURNEY_DELAY_MS=200: every answer of the service comes between a quarter of
 * that and twice that later, in any order; what writes leaves so much later, too. JOURNEY_STORE_MS=200: the device keeps what it is
 * given so much later. JOURNEY_SHIFT_MS: the page's clock is so much ahead; the service's and the test's own are for whoever starts them.
 */
const times = Number(process.env.JOURNEY_SLOW ?? 1), delay = Number(process.env.JOURNEY_DELAY_MS ?? 0), store = Number(process.env.JOURNEY_STORE_MS ?? 0);
const shift = Number(process.env.JOURNEY_SHIFT_MS ?? 0);
/** For what must come: longer than anything takes that works. */
const WAIT_MS = 60_000;

/** What is gone meanwhile waits for nothing. */
const gone = () => undefined;

async function slowPage(context, page) {
    const session = await context.newCDPSession(page);
    if (times > 1) await session.send('Emulation.setCPUThrottlingRate', { rate: times });
    if (!delay) return;
    session.on('Fetch.requestPaused', ({ requestId, request, responseStatusCode, responseErrorReason }) => {
        const isAnswer = responseStatusCode !== undefined || responseErrorReason !== undefined;
        const proceed = () => session.send(isAnswer ? 'Fetch.continueResponse' : 'Fetch.continueRequest', { requestId }).catch(gone);
        if (!isAnswer && request.method === 'GET') void proceed();
        else setTimeout(proceed, delay * (0.25 + 1.75 * Math.random()));
    });
    // Reading is late at the answer and not at the request: what comes late is then also old. A journey's own `page.route` stands before it.
    await session.send('Fetch.enable', { patterns: [{ urlPattern: '*/api/*', requestStage: 'Request' }, { urlPattern: '*/api/*', requestStage: 'Response' }] });
}

/** In the page: a transaction is told complete later. */
function slowStore(ms) {
    const listen = IDBTransaction.prototype.addEventListener;
    IDBTransaction.prototype.addEventListener = function (type, heard, ...more) {
        const late = type === 'complete' && this.mode === 'readwrite' ? (event) => setTimeout(() => heard.call(this, event), ms) : heard;
        return listen.call(this, type, late, ...more);
    };
}

/** In the page: its clock is so much ahead. */
function shiftClock(ms) {
    const Real = Date;
    const now = () => Real.now() + ms;
    globalThis.Date = new Proxy(Real, {
        construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
        apply: () => new Real(now()).toString(),
        get: (target, name) => (name === 'now' ? now : target[name]),
    });
}

/** What this browser opens from now on waits long enough for a busy machine; with the variables it is slow. */
export function patient(browser) {
    const newContext = browser.newContext.bind(browser);
    browser.newContext = async (options) => {
        const context = await newContext(options), newPage = context.newPage.bind(context);
        context.setDefaultTimeout(WAIT_MS);
        if (shift) await context.addInitScript(shiftClock, shift);
        if (store) await context.addInitScript(slowStore, store);
        context.newPage = async () => {
            const page = await newPage();
            if (times > 1 || delay) await slowPage(context, page);
            return page;
        };
        return context;
    };
    return browser;
}
