//! All cases, in the order in which they run, and the world that they share.

use std::cell::OnceCell;
use std::sync::Arc;

use anyhow::{Result, anyhow};

use crate::film::{Film, Films, Kind, huge};
use crate::page::Page;
use crate::program::Program;
use crate::tour::Findings;
use crate::{apple_cases, browser_cases, desk_cases, embed_cases, page_cases, people_cases, tour_cases};

type Run = dyn Fn(&World) -> Result<()>;

pub(crate) struct Case {
    pub(crate) name: String,
    run: Box<Run>,
}

impl Case {
    pub(crate) fn new(name: String, run: impl Fn(&World) -> Result<()> + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }

    pub(crate) fn run(&self, world: &World) -> Result<()> {
        (self.run)(world)
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = apple_cases::all();
    cases.extend(browser_cases::all());
    cases.extend(embed_cases::all());
    cases.extend(people_cases::all());
    cases.extend(desk_cases::all());
    cases.extend(page_cases::all());
    cases.extend(tour_cases::all());
    cases
}

/// What is made when the first case asks for it. What could not be made fails every case that needs it.
#[derive(Default)]
pub(crate) struct World {
    program: OnceCell<Result<Program, String>>,
    page: OnceCell<Result<Page, String>>,
    films: OnceCell<Result<Films, String>>,
    tour: OnceCell<Result<Findings, String>>,
}

impl World {
    pub(crate) fn film(&self, kind: Kind) -> Result<&Arc<Film>> {
        Ok(self.films()?.film(kind))
    }

    pub(crate) fn page(&self) -> Result<&Page> {
        once(&self.page, Page::serve)
    }

    pub(crate) fn program(&self) -> Result<&Program> {
        once(&self.program, || {
            let films = self.films()?;
            huge::make(films)?;
            Program::start(films, &self.page()?.origin())
        })
    }

    pub(crate) fn tour(&self) -> Result<&Findings> {
        once(&self.tour, || tour_cases::walk(self))
    }

    pub(crate) fn films(&self) -> Result<&Films> {
        once(&self.films, Films::make)
    }
}

fn once<T>(cell: &OnceCell<Result<T, String>>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    let outcome = cell.get_or_init(|| make().map_err(|error| format!("{error:#}")));
    outcome.as_ref().map_err(|error| anyhow!("{error}"))
}
