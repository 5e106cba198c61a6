/** Text of the clipboard, both ways, where the session allows it. */

/** The longest text that is sent, in bytes of UTF-8. */
const LONGEST = 65_536;

/** True for a text that may be sent. */
export function fits(text) {
    return text.length > 0 && new TextEncoder().encode(text).length <= LONGEST;
}

export class Clipboard {
    #send;
    #tell;
    #waiting;
    #last;
    #enabled = false;

    /**
     * @param {object} options
     * @param {(text: string) => void} options.send a text for the game
     * @param {(what: 'copied'|'pasted'|'too-long'|'denied') => void} options.tell
     */
    constructor({ send, tell }) {
        this.#send = send;
        this.#tell = tell;
    }

    get enabled() {
        return this.#enabled;
    }

    set enabled(enabled) {
        this.#enabled = enabled;
        this.#waiting = undefined;
        this.#last = undefined;
    }

    /** The game has copied a text. Some browsers only take it when the user has just done something. */
    async copied(text) {
        if (this.#enabled && typeof text === 'string') {
            this.#waiting = text;
            await this.retry();
        }
    }

    /** To be called when the user does something. */
    async retry() {
        const text = this.#waiting;
        if (text === undefined || !navigator.clipboard?.writeText) {
            return;
        }
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            return;
        }
        if (this.#waiting === text) {
            [this.#waiting, this.#last] = [undefined, text];
            this.#tell('copied');
        }
    }

    /** A text of the user for the game. */
    paste(text) {
        if (!this.#enabled || !text || text === this.#last) {
            return;
        }
        if (!fits(text)) {
            this.#tell('too-long');
            return;
        }
        this.#last = text;
        this.#send(text);
        this.#tell('pasted');
    }

    /** Asks the browser for the text, which may ask the user. */
    async read() {
        try {
            const text = await navigator.clipboard.readText();
            this.#last = undefined;
            this.paste(text);
        } catch {
            this.#tell('denied');
        }
    }
}
