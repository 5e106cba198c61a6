/** How the offer reaches the streamer: the page's own function, or a POST to the address in `src`. */

import { ConnectionError } from './connection.js';

/** Statuses of HTTP that another attempt will not change, with the name of the error. */
const FINAL = new Map([
    [400, 'Refused'], [401, 'NotAllowed'], [403, 'NotAllowed'], [404, 'Ended'], [405, 'Refused'], [410, 'Ended'],
    [413, 'Refused'], [501, 'Refused'],
]);

async function body(response) {
    try {
        return await response.json();
    } catch {
        return {};
    }
}

/**
 * The exchange over HTTP: `{offer, role, name, keyboardLayout}` in, `{viewer, answer}` out, or an error as
 * `{error, message}`.
 * @param {string} url
 */
export function post(url) {
    return async (offer, options) => {
        let response;
        try {
            response = await fetch(url, {
                method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ offer, ...options }),
                credentials: 'same-origin',
                cache: 'no-store',
            });
        } catch {
            throw new ConnectionError('Unreachable', 'the server cannot be reached', true);
        }
        const answer = await body(response);
        if (!response.ok) {
            const name = FINAL.get(response.status);
            throw new ConnectionError(name ?? 'Failed', answer.message || `the server answered ${response.status}`, !name);
        }
        return answer;
    };
}

/** Tells the server that this viewer has gone, even while the page closes. */
export function leave(url, viewer) {
    const data = new Blob([JSON.stringify({ disconnect: viewer })], { type: 'application/json' });
    navigator.sendBeacon?.(url, data);
}

/** What went wrong in an exchange; of the page's own function too, whose errors may have `retry: false`. */
export function wrapped(error) {
    if (error instanceof ConnectionError) {
        return error;
    }
    return new ConnectionError(error?.name ?? 'Failed', String(error?.message ?? error), error?.retry !== false);
}
