/**
 * A slow device and a slow network for every page of a browser, so that a journey shows what only some people would see.
 * JOURNEY_SLOW=4: the processor, so many times slower. JOURNEY_DELAY_MS=200: every answer of the service comes between a quarter of
 * that and twice that later, in any order.
 */
const times = Number(process.env.JOURNEY_SLOW ?? 1), delay = Number(process.env.JOURNEY_DELAY_MS ?? 0);

/** What is gone meanwhile waits for nothing. */
const gone = () => undefined;

async function slowPage(context, page) {
    const session = await context.newCDPSession(page);
    if (times > 1) await session.send('Emulation.setCPUThrottlingRate', { rate: times });
    if (!delay) return;
    session.on('Fetch.requestPaused', ({ requestId }) => setTimeout(() => session.send('Fetch.continueResponse', { requestId }).catch(gone), delay * (0.25 + 1.75 * Math.random())));
    // At the answer and not at the request: what comes late is then also old. A journey's own `page.route` stands before it.
    await session.send('Fetch.enable', { patterns: [{ urlPattern: '*/api/*', requestStage: 'Response' }] });
}

/** Makes slow what this browser opens from now on; does nothing without the variables. */
export function slowed(browser) {
    if (times <= 1 && !delay) return browser;
    const newContext = browser.newContext.bind(browser);
    browser.newContext = async (options) => {
        const context = await newContext(options), newPage = context.newPage.bind(context);
        context.newPage = async () => {
            const page = await newPage();
            await slowPage(context, page);
            return page;
        };
        return context;
    };
    return browser;
}
