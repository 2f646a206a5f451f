// Draws points: by WebGL, and where a browser has none on a plain canvas, which shows the same.
import { pixelOf, type Points, type Sight, type Size } from "../../data/map/view";

/** What is drawn: a colour for each point, and which of them stand back because others are chosen. */
export interface Scene {
  points: Points;
  /** Red, green, blue and opacity of each, 0 to 255. */
  colours: Uint8Array;
}

export interface Painter {
  readonly kind: "webgl" | "canvas";
  /** Takes in what is drawn from now on. */
  set: (scene: Scene) => void;
  draw: (sight: Sight, size: Size, ratio: number, dot: number) => void;
}

const VERTEX = `#version 300 es
uniform vec2 middle;
uniform vec2 scale;
uniform float dot_size;
in vec2 place;
in vec4 colour;
out vec4 shade;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = dot_size + 1.0;
  shade = colour;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform float dot_size;
in vec4 shade;
out vec4 colour;
void main() {
  float away = length(gl_PointCoord - 0.5) * (dot_size + 1.0);
  float cover = clamp(dot_size * 0.5 - away + 0.5, 0.0, 1.0);
  colour = vec4(shade.rgb, 1.0) * shade.a * cover;
}`;

/** The best painter that this canvas can have. */
export function painterFor(canvas: HTMLCanvasElement): Painter | undefined {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
  if (gl) return webgl(gl);
  const paint = canvas.getContext("2d");
  return paint ? plain(paint) : undefined;
}

function webgl(gl: WebGL2RenderingContext): Painter | undefined {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return undefined;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return undefined;
  const buffers = { place: gl.createBuffer(), colour: gl.createBuffer() };
  let count = 0;
  const put = (name: keyof typeof buffers, data: Float32Array<ArrayBuffer> | Uint8Array, each: number, type: number): void => {
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, each, type, type === gl.UNSIGNED_BYTE, 0, 0);
  };
  return {
    kind: "webgl",
    set: ({ points, colours }) => {
      count = points.x.length;
      const places = new Float32Array(2 * count);
      points.x.forEach((x, at) => places.set([x, points.y[at] ?? 0], 2 * at));
      put("place", places, 2, gl.FLOAT);
      put("colour", colours, 4, gl.UNSIGNED_BYTE);
    },
    draw: (sight, size, ratio, dot) => {
      gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.useProgram(program);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.uniform2f(gl.getUniformLocation(program, "middle"), sight.x, sight.y);
      gl.uniform2f(gl.getUniformLocation(program, "scale"), (2 * sight.scale) / size.width, (2 * sight.scale) / size.height);
      gl.uniform1f(gl.getUniformLocation(program, "dot_size"), dot * ratio);
      gl.drawArrays(gl.POINTS, 0, count);
    },
  };
}

function plain(paint: CanvasRenderingContext2D): Painter {
  let scene: Scene = { points: { x: [], y: [] }, colours: new Uint8Array(0) };
  return {
    kind: "canvas",
    set: (next) => {
      scene = next;
    },
    draw: (sight, size, ratio, dot) => {
      const { points, colours } = scene;
      paint.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint.clearRect(0, 0, size.width, size.height);
      points.x.forEach((x, at) => {
        const [left, top] = pixelOf(sight, size, x, points.y[at] ?? 0);
        if (left < -dot || top < -dot || left > size.width + dot || top > size.height + dot) return;
        const [red, green, blue, opacity] = colours.subarray(4 * at, 4 * at + 4);
        paint.fillStyle = `rgb(${red ?? 0} ${green ?? 0} ${blue ?? 0} / ${(opacity ?? 0) / 255})`;
        paint.beginPath();
        paint.arc(left, top, dot / 2, 0, 2 * Math.PI);
        paint.fill();
      });
    },
  };
}
