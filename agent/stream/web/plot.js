/** A small plot of a figure's last minute. */

import { HISTORY, scale } from './statistics.js';

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Array<number|undefined>} values the oldest first
 * @param {{least: number, colour: string, grid: string, text: string, unit: (value: number) => string}} look
 */
export function draw(canvas, values, look) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) {
        return;
    }
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const top = scale(values, look.least);
    grid(context, width, height, look);
    line(context, values, top, width, height, look.colour);
    context.fillStyle = look.text;
    context.font = '10px system-ui, sans-serif';
    context.textBaseline = 'top';
    context.fillText(look.unit(top), 3, 2);
}

function grid(context, width, height, look) {
    context.strokeStyle = look.grid;
    context.lineWidth = 1;
    context.beginPath();
    for (const part of [0, 0.5, 1]) {
        const y = Math.min(height - 0.5, Math.max(0.5, Math.round(height * part) + 0.5));
        context.moveTo(0, y);
        context.lineTo(width, y);
    }
    context.stroke();
}

function line(context, values, top, width, height, colour) {
    const step = width / (HISTORY - 1), first = HISTORY - values.length;
    const at = (value, index) => [(first + index) * step, height - 1.5 - (value / top) * (height - 3)];
    const path = new Path2D();
    let open = false, from = 0, last = 0;
    const area = new Path2D();
    const close = () => {
        if (open) {
            area.lineTo(last, height);
            area.lineTo(from, height);
            area.closePath();
        }
        open = false;
    };
    values.forEach((value, index) => {
        if (value === undefined) {
            close();
            return;
        }
        const [x, y] = at(value, index);
        if (!open) {
            from = x;
        }
        path[open ? 'lineTo' : 'moveTo'](x, y);
        area[open ? 'lineTo' : 'moveTo'](x, y);
        [open, last] = [true, x];
    });
    close();
    context.globalAlpha = 0.18;
    context.fillStyle = colour;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.stroke(path);
}
