/** The link to a session: connections, one after the other, for as long as it makes sense. */

import { Connection, ConnectionError, missing } from './connection.js';
import { BORN, farewell, step } from './retry.js';
import { wrapped } from './transport.js';

export class Link {
    #on;
    #life = BORN;
    #connection;
    #timer;
    #due = 0;
    #sessionState = '';
    #listening = new AbortController();

    /** What went wrong last, for people. */
    detail = '';

    /**
     * @param {object} on
     * @param {() => {exchange: Function|undefined, configuration: RTCConfiguration}} on.wanted how to connect
     * @param {() => void} on.changed the life has changed
     * @param {(track: MediaStreamTrack) => void} on.track
     * @param {() => void} on.open
     * @param {(message: object) => void} on.message
     * @param {(viewer: string, error: {name: string, message: string}, willRetry: boolean) => void} on.closed
     */
    constructor(on) {
        this.#on = on;
    }

    get life() {
        return this.#life;
    }

    /** The connection, open or about to be. */
    get connection() {
        return this.#connection;
    }

    /** Seconds until the next attempt. */
    get seconds() {
        return Math.max(0, Math.ceil((this.#due - performance.now()) / 1000));
    }

    /** True while the game gets what is sent. */
    get playing() {
        return this.#life.phase === 'playing';
    }

    /** Connects, or connects anew. */
    start() {
        this.#listen();
        this.#step({ type: 'start' });
    }

    /** Ends it: no further attempt. */
    stop(reason) {
        this.#listening.abort();
        this.#step({ type: 'over', reason });
    }

    /** There is a picture. */
    shown() {
        this.#step({ type: 'playing' });
    }

    /** What the page knows of the session: `running`, `paused`, `ended` or nothing. */
    set sessionState(state) {
        this.#sessionState = state;
        if (state === 'ended') {
            this.detail = '';
            this.stop('ended');
        } else if (this.#life.phase !== 'idle') {
            this.#hold();
        }
    }

    get sessionState() {
        return this.#sessionState;
    }

    #listen() {
        this.#listening.abort();
        this.#listening = new AbortController();
        const { signal } = this.#listening;
        window.addEventListener('online', () => this.#hold(), { signal });
        window.addEventListener('offline', () => this.#hold(), { signal });
    }

    /** Attempts are vain while the session is paused or the browser knows of no network. */
    #hold() {
        // A page from this very host needs no network.
        const away = navigator.onLine === false && !['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
        const type = this.#sessionState === 'paused' || away ? 'hold' : 'resume';
        if (this.#life.held !== (type === 'hold')) {
            this.#step({ type });
        }
    }

    #step(event) {
        const [life, actions] = step(this.#life, { chance: Math.random(), ...event });
        const before = this.#life;
        this.#life = life;
        const error = { name: event.reason ?? '', message: this.detail };
        for (const action of actions) {
            this.#act(action, error);
        }
        if (life !== before || actions.length) {
            this.#on.changed();
        }
    }

    #act(action, error) {
        if (action === 'arm') {
            this.#due = performance.now() + this.#life.delay;
            this.#tick();
        } else if (action === 'disarm') {
            clearTimeout(this.#timer);
        } else if (action === 'close') {
            this.#close(error);
        } else {
            this.#open();
        }
    }

    /** Each second, so that the time left can be shown. */
    #tick() {
        clearTimeout(this.#timer);
        const left = this.#due - performance.now();
        if (left <= 0) {
            this.#step({ type: 'due' });
            return;
        }
        this.#timer = setTimeout(() => {
            this.#on.changed();
            this.#tick();
        }, left % 1000 || 1000);
    }

    #close(error) {
        const connection = this.#connection;
        this.#connection = undefined;
        if (connection) {
            connection.close();
            this.#on.closed(connection.viewer, error, this.#life.phase === 'waiting' || this.#life.phase === 'connecting');
        }
    }

    async #open() {
        const { exchange, configuration } = this.#on.wanted();
        const lack = missing() || (exchange ? '' : 'NoTransport');
        if (lack) {
            this.detail = '';
            this.#step({ type: 'over', reason: lack });
            return;
        }
        let connection;
        const current = () => this.#connection === connection;
        const fail = (error) => {
            if (current()) {
                this.#failed(error);
            }
        };
        try {
            connection = new Connection(configuration, {
                track: (track) => current() && this.#on.track(track),
                open: () => current() && this.#on.open(),
                message: (message) => current() && this.#message(message),
                lost: fail,
            });
            this.#connection = connection;
            await connection.open(exchange);
        } catch (error) {
            connection?.close();
            fail(wrapped(error));
        }
    }

    /** @param {ConnectionError} error */
    #failed(error) {
        this.detail = error.message;
        this.#step({ type: error.retry ? 'lost' : 'over', reason: error.name });
    }

    #message(message) {
        if (message.type !== 'bye') {
            this.#on.message(message);
            return;
        }
        const text = String(message.reason ?? '');
        this.detail = text;
        const reason = farewell(text);
        if (reason) {
            this.detail = '';
        }
        this.#step(reason ? { type: 'over', reason } : { type: 'lost', reason: 'Bye' });
    }
}
