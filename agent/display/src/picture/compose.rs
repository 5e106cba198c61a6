//! Draws several windows into one picture.

use super::convert::Pixels;
use crate::sys;
use anyhow::Context;
use smithay::backend::allocator::Fourcc;
use smithay::backend::renderer::damage::OutputDamageTracker;
use smithay::backend::renderer::pixman::PixmanRenderer;
use smithay::backend::renderer::{Bind, Offscreen};
use smithay::desktop::{Space, Window};
use smithay::reexports::pixman::Image;
use smithay::utils::{Logical, Rectangle, Size, Transform};

/// What draws.
pub(crate) trait Renderer {
    /// Draws this part of the windows' space over black, without the cursor, and calls with its pixels.
    fn draw(
        &mut self,
        space: &Space<Window>,
        view: Rectangle<i32, Logical>,
        call: &mut dyn FnMut(Pixels<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()>;
}

/// Draws with the processor.
#[derive(Debug)]
pub(crate) struct Pixman {
    renderer: PixmanRenderer,
    canvas: Option<Canvas>,
}

/// What was drawn last, and what will differ from it.
#[derive(Debug)]
struct Canvas {
    image: Image<'static, 'static>,
    size: Size<i32, Logical>,
    tracker: OutputDamageTracker,
}

impl Pixman {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self { renderer: PixmanRenderer::new().context("pixman")?, canvas: None })
    }
}

impl Canvas {
    fn new(renderer: &mut PixmanRenderer, size: Size<i32, Logical>) -> anyhow::Result<Self> {
        let image = renderer
            .create_buffer(Fourcc::Xrgb8888, (size.w, size.h).into())
            .context("no memory for a composed picture")?;
        let tracker = OutputDamageTracker::new((size.w, size.h), 1.0, Transform::Normal);
        Ok(Self { image, size, tracker })
    }
}

impl Renderer for Pixman {
    fn draw(
        &mut self,
        space: &Space<Window>,
        view: Rectangle<i32, Logical>,
        call: &mut dyn FnMut(Pixels<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let old = self.canvas.take().filter(|canvas| canvas.size == view.size);
        // One canvas: what was drawn last is in it.
        let age = usize::from(old.is_some());
        let mut canvas = old.map_or_else(|| Canvas::new(&mut self.renderer, view.size), Ok)?;
        let elements = space.render_elements_for_region(&mut self.renderer, &view, 1.0, 1.0);
        let mut target = self.renderer.bind(&mut canvas.image).context("cannot draw")?;
        let black = [0.0, 0.0, 0.0, 1.0];
        canvas.tracker.render_output(&mut self.renderer, &mut target, age, &elements, black).context("cannot draw")?;
        drop((target, elements));
        let [width, height, stride] = [canvas.image.width(), canvas.image.height(), canvas.image.stride()]
            .map(|number| u32::try_from(number).unwrap_or_default());
        call(Pixels { bytes: sys::image_memory(&canvas.image), width, height, stride, red_first: false })?;
        self.canvas = Some(canvas);
        Ok(())
    }
}
