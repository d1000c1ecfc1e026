//! The plots of a run: a panel for each transport and number of threads, a colour for each library, logarithmic axes.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::contenders::{Contender, Library, Transport};
use crate::figures::{Case, Figures, MULTITUDE, Run, SMALL, Workload};
use crate::statistics::Results;

/// A plot that was drawn.
#[derive(Debug)]
pub struct Plot {
    /// The part of the report that it belongs to.
    pub section: &'static str,
    /// What it shows, for those who do not see it.
    pub text: &'static str,
    /// Its file in the folder of plots.
    pub file: &'static str,
}

/// What goes onto the axes of a plot.
struct Picture {
    title: &'static str,
    x: &'static str,
    y: &'static str,
    /// Where a case stands on the horizontal axis, if it is in the plot.
    place: fn(Workload) -> Option<usize>,
    /// The solid lines, then the thin ones of the same contenders.
    figures: &'static [fn(&Figures) -> f64],
}

/// That of a row of panels.
const SIZE: (u32, u32) = (1200, 550);
/// The height of the strip that tells what the colours are.
const LEGEND: u32 = 50;
const FONT: &str = "sans-serif";

/// Draws all plots whose cases were measured.
pub fn draw(run: &Run, folder: &Path) -> Result<Vec<Plot>, Box<dyn Error>> {
    fn in_flight(workload: Workload) -> Option<usize> {
        match workload {
            Workload::Calls { payload: SMALL, servers: 1, in_flight } if in_flight < MULTITUDE => Some(in_flight),
            _ => None,
        }
    }
    fn subscribers(workload: Workload) -> Option<usize> {
        match workload {
            Workload::Events { subscribers } => Some(subscribers),
            Workload::Calls { .. } => None,
        }
    }
    let pictures = [
        (
            Plot {
                section: "Calls in flight",
                text: "Calls a second over calls in flight, for each transport and number of threads",
                file: "throughput.svg",
            },
            Picture {
                title: "Calls a second",
                x: "calls in flight",
                y: "calls/s",
                place: in_flight,
                figures: &[|figures| figures.load.rate],
            },
        ),
        (
            Plot {
                section: "Calls in flight",
                text: "Latency over calls in flight, for each transport and number of threads",
                file: "latency.svg",
            },
            Picture {
                title: "Latency: p50, and p99 (thin)",
                x: "calls in flight",
                y: "µs",
                place: in_flight,
                figures: &[|figures| figures.load.p50, |figures| figures.load.p99],
            },
        ),
        (
            Plot {
                section: "Events",
                text: "Events a second over subscribers, for each transport",
                file: "events.svg",
            },
            Picture {
                title: "Events a second, each to all subscribers",
                x: "subscribers",
                y: "events/s",
                place: subscribers,
                figures: &[|figures| figures.load.rate],
            },
        ),
    ];
    let results = Results::of(&run.figures);
    let mut drawn = Vec::new();
    for (plot, picture) in pictures {
        let path = folder.join(plot.file);
        if results.cases().any(|case| (picture.place)(case.workload).is_some()) {
            let mut rows: Vec<usize> =
                picture.lines(&results, |_| true).iter().map(|line| line.contender.threads.max(1)).collect();
            rows.sort_unstable();
            rows.dedup();
            let height = SIZE.1 * rows.len() as u32;
            let area = SVGBackend::new(&path, (SIZE.0, height + LEGEND)).into_drawing_area();
            area.fill(&WHITE)?;
            let (charts, legend) = area.split_vertically(height);
            let panels = charts.split_evenly((rows.len(), 2));
            let places = rows.iter().flat_map(|threads| [(Transport::Tcp, *threads), (Transport::Unix, *threads)]);
            for (panel, (transport, threads)) in panels.iter().zip(places) {
                picture.panel(panel, &results, transport, threads)?;
            }
            picture.legend(&legend, &results)?;
            area.present()?;
            drawn.push(plot);
        }
    }
    Ok(drawn)
}

/// The points of a contender, by their place.
struct Line {
    contender: Contender,
    points: Vec<(f64, f64)>,
    thin: bool,
}

impl Picture {
    fn lines(&self, results: &Results, shown: impl Fn(Contender) -> bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for contender in Contender::ALL.into_iter().filter(|contender| shown(*contender)) {
            for (index, figure) in self.figures.iter().enumerate() {
                let mut points: Vec<(f64, f64)> = results
                    .cases()
                    .filter(|case| case.contender == contender)
                    .filter_map(|case: Case| {
                        let place = (self.place)(case.workload)?;
                        Some((place as f64, results.spread(case, *figure)?.median))
                    })
                    .collect();
                points.sort_by(|one, other| one.0.total_cmp(&other.0));
                if !points.is_empty() {
                    lines.push(Line { contender, points, thin: index > 0 });
                }
            }
        }
        lines
    }

    fn panel<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        results: &Results,
        transport: Transport,
        threads: usize,
    ) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        let name = match (transport, threads) {
            (Transport::Tcp, 1) => "TCP, 1 thread",
            (Transport::Tcp, _) => "TCP, 2 threads",
            (_, 1) => "unix socket, 1 thread",
            (_, _) => "unix socket, 2 threads",
        };
        // All panels have the same scales, so that they compare at a glance.
        let all = self.lines(results, |_| true);
        let points = || all.iter().flat_map(|line| line.points.iter());
        let low = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(f64::INFINITY, f64::min);
        let high = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max);
        let x = (low(|point| point.0) / 1.1)..(high(|point| point.0) * 1.1);
        let y = (low(|point| point.1) / 1.3)..(high(|point| point.1) * 1.3);
        let mut chart = ChartBuilder::on(area)
            .caption(format!("{}: {name}", self.title), (FONT, 22))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(x.log_scale(), y.log_scale())?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .max_light_lines(5)
            .light_line_style(BLACK.mix(0.05))
            .bold_line_style(BLACK.mix(0.15))
            .label_style((FONT, 15))
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|&value| short(value))
            .draw()?;
        // memory:// knows no transport: it stands beside the faster one. The floor and Go have one kind of runtime, and stand in all.
        let shown = |contender: Contender| {
            let transports = match contender.transport {
                Transport::Memory => Transport::Unix,
                other => other,
            };
            transports == transport && [0, threads].contains(&contender.threads)
        };
        for line in self.lines(results, shown) {
            let colour = colour(line.contender);
            let width = match (line.thin, line.contender) {
                (true, _) => 1,
                (_, Contender { library: Library::Zbus, .. }) => 4,
                _ => 2,
            };
            let style = colour.stroke_width(width);
            let points = line.points.iter().map(|&point| Circle::new(point, width, colour.filled()));
            chart.draw_series(points)?;
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
        Ok(())
    }

    /// The libraries that are shown, in a row.
    fn legend<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, results: &Results) -> Result<(), Box<dyn Error>>
    where
        B::ErrorType: 'static,
    {
        let mut names: Vec<(String, RGBColor)> = Vec::new();
        for line in self.lines(results, |_| true) {
            let entry = (library(line.contender), colour(line.contender));
            if !names.contains(&entry) {
                names.push(entry);
            }
        }
        let width = SIZE.0 as i32 / names.len().max(1) as i32;
        for (column, (name, colour)) in (0..).zip(names) {
            let (x, y) = (column * width + 24, LEGEND as i32 / 2);
            area.draw(&PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(4)))?;
            area.draw(&Text::new(name, (x + 30, y - 8), (FONT, 15)))?;
        }
        Ok(())
    }
}

/// `1`, `20k`, `3M`.
fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{value}"),
    }
}

/// One a library, told apart by the colour-blind too (Okabe and Ito).
fn colour(contender: Contender) -> RGBColor {
    match (contender.library, contender.transport) {
        (Library::Floor, _) => RGBColor(120, 120, 120),
        (Library::Zbus, Transport::Memory) => RGBColor(86, 180, 233),
        (Library::Zbus, _) => RGBColor(213, 94, 0),
        (Library::GoZbus, _) => RGBColor(0, 0, 0),
        (Library::Nats, _) => RGBColor(0, 158, 115),
        (Library::Tonic, _) => RGBColor(0, 114, 178),
        (Library::Tarpc, _) => RGBColor(204, 121, 167),
    }
}

fn library(contender: Contender) -> String {
    match contender.transport {
        Transport::Memory => format!("{}, {}", contender.library, contender.transport),
        _ => contender.library.to_string(),
    }
}
