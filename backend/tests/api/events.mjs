// A reader of event streams (text/event-stream), as a browser's EventSource would be one.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 30_000;

export class Events {
    /** Resolves when the answer has begun. */
    static open(client, { path = '/api/notifications/stream', headers = {} } = {}) {
        return new Promise((resolve, reject) => {
            const all = { authorization: `Bearer ${client.token}`, accept: 'text/event-stream', ...headers };
            const request = http.get(new URL(path, client.place.url), { headers: all, agent: false }, (response) => resolve(new Events(request, response)));
            request.on('error', reject);
        });
    }

    constructor(request, response) {
        this.request = request;
        this.response = response;
        this.status = response.statusCode;
        this.headers = response.headers;
        this.text = '';
        this.events = []; // {id, event, data}
        this.comments = 0;
        this.isOver = false;
        response.setEncoding('utf8');
        response.on('data', (text) => this.take(text));
        for (const what of ['end', 'close', 'error'])
            response.on(what, () => {
                this.isOver = true;
            });
    }

    take(text) {
        this.text += text;
        for (let end = this.text.indexOf('\n\n'); end >= 0; end = this.text.indexOf('\n\n')) {
            this.takeBlock(this.text.slice(0, end).split('\n'));
            this.text = this.text.slice(end + 2);
        }
    }

    takeBlock(lines) {
        const event = {};
        for (const line of lines) {
            const [, name, value] = line.match(/^(\w*): ?(.*)$/s) ?? [null, '', line];
            if (name === 'data')
                event.data = JSON.parse(value);
            else if (name)
                event[name] = value;
            else
                this.comments++;
        }
        if (event.data)
            this.events.push(event);
    }

    get titles() {
        return this.events.filter(({ event }) => event === 'notification').map(({ data }) => data.title);
    }

    get lastId() {
        return this.events.findLast(({ id }) => id)?.id;
    }

    /** Waits until `condition(this)` is true. */
    async until(condition, what = 'what was waited for') {
        for (const end = Date.now() + WAIT_MS; !condition(this); await sleep(5))
            if (Date.now() > end)
                throw new Error(`${what} did not come; there came: ${JSON.stringify(this.events)}${this.isOver ? ', then the end' : ''}`);
        return this;
    }

    close() {
        this.request.destroy();
    }
}
