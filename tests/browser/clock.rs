//! The clock in a film's picture: the number of the frame in black and white cells, drawn by ffmpeg, read from a screenshot.
//!
//! A column is a bit: white above black is one, black above white is zero. Two fixed columns stand at either end, and
//! grey around them, so that the clock is found wherever and however large a browser shows the film.

use std::fmt::Write;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

use crate::process::unstarted;

pub(crate) const FRAMES_A_SECOND: u16 = 25;
const CELL: u16 = 32;
const LEFT: u16 = 64;
const TOP: u16 = 32;
const BITS: u16 = 11;
const COLUMNS: u16 = BITS + 4;
/// Scales are counted in shares of the film's own size.
const SHARES: usize = 20;

/// The ffmpeg filters that draw the clock over the picture.
pub(crate) fn filters() -> String {
    let (width, height) = (COLUMNS * CELL, 2 * CELL);
    let mut text = format!("drawbox=x={LEFT}:y={TOP}:w={width}:h={height}:color=black:t=fill");
    for (column, row) in [(0, 0), (1, 1), (COLUMNS - 2, 1), (COLUMNS - 1, 0)] {
        text.push_str(&white_cell(column, row));
    }
    for bit in 0..BITS {
        let mask = 1 << bit;
        for (row, test) in [(0, "gt"), (1, "eq")] {
            text.push_str(&white_cell(bit + 2, row));
            // Writing to a string cannot fail.
            let _ = write!(text, r":enable='{test}(bitand(n\,{mask})\,0)'");
        }
    }
    text
}

fn white_cell(column: u16, row: u16) -> String {
    let (x, y) = (LEFT + column * CELL, TOP + row * CELL);
    format!(",drawbox=x={x}:y={y}:w={CELL}:h={CELL}:color=white:t=fill")
}

/// The film's time in a screenshot, or nothing where no clock is to be seen.
pub(crate) fn read(png: &[u8]) -> Result<Option<f64>> {
    let picture = Picture::decode(png)?;
    Ok(picture.find().map(|frame| f64::from(frame) / f64::from(FRAMES_A_SECOND)))
}

#[derive(Clone, Copy, PartialEq)]
enum Shade {
    Black,
    Grey,
    White,
}

struct Picture {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Picture {
    fn decode(png: &[u8]) -> Result<Self> {
        let (width, height) = size(png)?;
        let mut file = NamedTempFile::new()?;
        file.write_all(png)?;
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-i"]).arg(file.path());
        command.args(["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
        let output = command.output().map_err(|error| unstarted(&command, "ffmpeg", &error))?;
        let grey = output.stdout;
        ensure!(grey.len() == width * height, "ffmpeg cannot read the screenshot");
        Ok(Self { width, height, grey })
    }

    /// The frame's number, looked for at the film's own size first.
    fn find(&self) -> Option<u16> {
        let starts = self.starts();
        let scales = [SHARES].into_iter().chain(SHARES / 2..=SHARES * 3);
        let mut dials =
            scales.flat_map(|scale| starts.iter().map(move |&(x, y)| Dial { picture: self, x, y, scale }));
        dials.find_map(|dial| dial.read())
    }

    /// Where the first cell may be.
    fn starts(&self) -> Vec<(usize, usize)> {
        let rows = (0..self.height).step_by(4);
        let points = rows.flat_map(|y| (0..self.width).step_by(4).map(move |x| (x, y)));
        points.filter(|&(x, y)| self.shade(x, y) == Some(Shade::White)).collect()
    }

    /// The mean of nine points, so that noise is grey.
    fn shade(&self, x: usize, y: usize) -> Option<Shade> {
        let mut sum = 0_u32;
        for (across, down) in (0..9).map(|point| (point % 3 * 2, point / 3 * 2)) {
            let (x, y) = (x + across, y + down);
            if x >= self.width {
                return None;
            }
            sum += u32::from(*self.grey.get(y * self.width + x)?);
        }
        Some(match sum / 9 {
            0..60 => Shade::Black,
            60..195 => Shade::Grey,
            _ => Shade::White,
        })
    }
}

/// Width and height as the picture's first chunk gives them (PNG, IHDR).
fn size(png: &[u8]) -> Result<(usize, usize)> {
    let number = |at: usize| -> Result<usize> {
        let bytes = png.get(at..at + 4).context("the screenshot is no PNG")?;
        Ok(usize::try_from(u32::from_be_bytes(bytes.try_into()?))?)
    };
    Ok((number(16)?, number(20)?))
}

/// A place in the picture where the clock may begin, by the middle of its first cell.
struct Dial<'a> {
    picture: &'a Picture,
    x: usize,
    y: usize,
    scale: usize,
}

impl Dial<'_> {
    fn read(&self) -> Option<u16> {
        let fixed = [(0, true), (1, false), (COLUMNS - 2, false), (COLUMNS - 1, true)];
        let found = fixed.into_iter().all(|(column, value)| self.bit(column) == Some(value));
        if !found || !self.stands_alone() {
            return None;
        }
        (0..BITS).try_fold(0, |sum, bit| Some(sum | u16::from(self.bit(bit + 2)?) << bit))
    }

    fn stands_alone(&self) -> bool {
        let Some(before) = self.x.checked_sub(self.span(1)) else { return false };
        let around =
            [(before, self.y), (self.x + self.span(COLUMNS), self.y), (self.x, self.y + self.span(2))];
        // Where black meets white, the mean is grey as well: but not a quarter of a cell beside it.
        let beside = |x: usize| [Some(x), x.checked_sub(self.span(1) / 4), Some(x + self.span(1) / 4)];
        let is_grey = |x: Option<usize>, y| x.is_some_and(|x| self.picture.shade(x, y) == Some(Shade::Grey));
        around.into_iter().all(|(x, y)| beside(x).into_iter().all(|x| is_grey(x, y)))
    }

    fn bit(&self, column: u16) -> Option<bool> {
        let x = self.x + self.span(column);
        match (self.picture.shade(x, self.y)?, self.picture.shade(x, self.y + self.span(1))?) {
            (Shade::White, Shade::Black) => Some(true),
            (Shade::Black, Shade::White) => Some(false),
            _ => None,
        }
    }

    fn span(&self, cells: u16) -> usize {
        usize::from(cells * CELL) * self.scale / SHARES
    }
}
