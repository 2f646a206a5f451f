//! The leading two eigenvectors of a covariance, which is made only where there are few dimensions.

use crate::random::SplitMix64;
use alloc::{vec, vec::Vec};

/// Vectors that are iterated together: two, and six more so that the two converge fast.
const K: usize = 8;

/// Multiplications of one step.
const STEP: usize = 1 << 23;

/// Up to so many dimensions, where there are as many rows, the covariance is made: it takes no more memory than the rows
/// twice, making it costs as much as a few iterations, and these then cost next to nothing.
const FEW: usize = 128;

/// Iterations at most.
const MOST_ITERATIONS: u64 = 200;

/// Residual at which the axes are good enough for a map.
const GOOD: f64 = 1e-6;

/// A vector of each iterated one's share.
type Small = [f64; K];

/// Two axes on their way.
#[derive(Debug)]
pub(super) struct Axes {
    d: usize,
    n: usize,
    mean: Vec<f64>,
    /// Sum of variances of all dimensions.
    pub(super) variance: f64,
    /// Variance along each axis.
    pub(super) explained: [f64; 2],
    /// See [`super::Map::residual`].
    pub(super) residual: Option<f64>,
    /// Iterations so far.
    pub(super) iterations: u64,
    /// The iterated vectors, orthonormal: for each dimension the shares of all.
    basis: Vec<Small>,
    /// The covariance times these, as far as rows have been added.
    product: Vec<Small>,
    /// Their products with one another through the covariance, as far as rows have been added.
    ritz: [Small; K],
    /// The next row to add.
    next: usize,
    /// The covariance times n - 1, line by line, as far as rows have been added; empty where it is not made.
    covariance: Vec<f64>,
    /// Whether all rows are in it.
    is_made: bool,
}

impl Axes {
    /// For rows of `d` values.
    pub(super) fn new(values: &[f32], d: usize, seed: u64) -> Axes {
        let d = d.max(1);
        let n = values.len().checked_div(d).unwrap_or(0);
        // Without rows nothing says that there are so many dimensions.
        let mut mean = vec![0.0_f64; if n == 0 { 0 } else { d }];
        for row in values.chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        mean.iter_mut().for_each(|sum| *sum /= (n as f64).max(1.0));
        let square =
            |row: &[f32]| row.iter().zip(&mean).map(|(&v, m)| (f64::from(v) - m) * (f64::from(v) - m)).sum::<f64>();
        let variance = values.chunks_exact(d).map(square).sum::<f64>() / (n as f64 - 1.0).max(1.0);
        let mut random = SplitMix64(seed);
        let dimensions = if n < 2 { 0 } else { d };
        let mut basis: Vec<Small> = (0..dimensions).map(|_| core::array::from_fn(|_| random.signed())).collect();
        orthonormalise(&mut basis);
        Axes {
            d,
            n,
            mean,
            variance,
            explained: [0.0; 2],
            residual: None,
            iterations: 0,
            product: vec![[0.0; K]; dimensions],
            basis,
            ritz: [[0.0; K]; K],
            next: 0,
            covariance: vec![0.0; if d <= FEW && d <= n { d.saturating_mul(dimensions) } else { 0 }],
            is_made: false,
        }
    }

    /// About how far it is: each iteration mostly brings it nearer by as much again.
    pub(super) fn progress(&self) -> f64 {
        let i = self.iterations as f64;
        i / (i + 10.0)
    }

    /// Go on for a while; whether the axes are found.
    pub(super) fn step(&mut self, values: &[f32]) -> bool {
        if self.n < 2 || self.variance <= 0.0 {
            return true;
        }
        if !self.is_made {
            if !self.add(values) {
                return false;
            }
            self.next = 0;
            if self.covariance.is_empty() {
                return self.turn();
            }
            self.is_made = true;
        }
        let turns = (STEP / K).checked_div(self.covariance.len()).unwrap_or(1).max(1);
        (0..turns).any(|_| {
            self.multiply();
            self.turn()
        })
    }

    /// Add rows for a while, to the covariance or to its product with the basis; whether all are in.
    fn add(&mut self, values: &[f32]) -> bool {
        let is_few = !self.covariance.is_empty();
        let rows = STEP.checked_div(self.d.saturating_mul(if is_few { self.d } else { K })).unwrap_or(1).max(1);
        let mut off = Vec::with_capacity(if is_few { self.d } else { 0 });
        for row in values.chunks_exact(self.d).skip(self.next).take(rows) {
            if is_few {
                off.clear();
                off.extend(row.iter().zip(&self.mean).map(|(&value, mean)| f64::from(value) - mean));
                for (line, a) in self.covariance.chunks_exact_mut(self.d).zip(&off) {
                    line.iter_mut().zip(&off).for_each(|(sum, b)| *sum += a * b);
                }
            } else {
                add(row, &self.mean, &self.basis, &mut self.product, &mut self.ritz);
            }
        }
        self.next = self.next.saturating_add(rows);
        self.next >= self.n
    }

    /// The covariance times the basis.
    fn multiply(&mut self) {
        let lines = self.covariance.chunks_exact(self.d);
        for ((line, small), product) in lines.zip(&self.basis).zip(&mut self.product) {
            for (factor, other) in line.iter().zip(&self.basis) {
                product.iter_mut().zip(other).for_each(|(sum, value)| *sum += factor * value);
            }
            for (line, &a) in self.ritz.iter_mut().zip(small) {
                line.iter_mut().zip(&*product).for_each(|(sum, b)| *sum += a * b);
            }
        }
    }

    /// All rows are in: turn the basis to its best directions and go on with the product; whether that is good enough.
    fn turn(&mut self) -> bool {
        let scale = 1.0 / (self.n as f64 - 1.0);
        let (values, vectors) = symmetric_eigen(self.ritz);
        let mut residuals = [0.0_f64; 2];
        let mut turned = vec![[0.0; K]; self.d];
        let mut pushed = vec![[0.0; K]; self.d];
        for ((old, product), (new, push)) in
            self.basis.iter().zip(&self.product).zip(turned.iter_mut().zip(pushed.iter_mut()))
        {
            *new = times(old, &vectors);
            *push = times(product, &vectors);
            for (residual, (value, (direction, image))) in
                residuals.iter_mut().zip(values.iter().zip(new.iter().zip(&*push)))
            {
                let off = image - value * direction;
                *residual += off * off;
            }
        }
        self.iterations = self.iterations.saturating_add(1);
        self.explained = [values[0] * scale, values[1] * scale].map(|value: f64| value.max(0.0));
        // Where there is no variance any axis will do.
        let relative =
            |residual: f64, value: f64| if value > values[0] * 1e-12 { libm::sqrt(residual) / value } else { 0.0 };
        let residual = relative(residuals[0], values[0]).max(relative(residuals[1], values[1]));
        self.residual = Some(residual);
        let is_done = residual <= GOOD || self.iterations >= MOST_ITERATIONS;
        self.basis = if is_done { turned } else { pushed };
        if is_done {
            self.point();
        } else {
            orthonormalise(&mut self.basis);
        }
        self.product.iter_mut().for_each(|small| *small = [0.0; K]);
        self.ritz = [[0.0; K]; K];
        is_done
    }

    /// Turn the axes to where their largest weight is positive.
    fn point(&mut self) {
        let mut largest = [0.0_f64; K];
        for small in &self.basis {
            for (most, &weight) in largest.iter_mut().zip(small) {
                if weight.abs() > most.abs() {
                    *most = weight;
                }
            }
        }
        for small in &mut self.basis {
            small.iter_mut().zip(&largest).for_each(|(weight, most)| *weight *= if *most < 0.0 { -1.0 } else { 1.0 });
        }
    }

    /// Where each row is along the two axes.
    pub(super) fn places(&self, values: &[f32]) -> Vec<[f64; 2]> {
        let has_axes = self.iterations > 0;
        let place = |row: &[f32]| {
            let mut out = [0.0; 2];
            for ((&value, mean), small) in row.iter().zip(&self.mean).zip(&self.basis) {
                let off = f64::from(value) - mean;
                out[0] += off * small[0];
                out[1] += off * small[1];
            }
            // A second axis without variance is noise of the first.
            [out[0], if self.explained[1] > self.explained[0] * 1e-12 { out[1] } else { 0.0 }]
        };
        values.chunks_exact(self.d).map(|row| if has_axes { place(row) } else { [0.0; 2] }).collect()
    }
}

/// Add a row: z = Qt x, product += x zt, ritz += z zt.
fn add(row: &[f32], mean: &[f64], basis: &[Small], product: &mut [Small], ritz: &mut [Small; K]) {
    let mut z = [0.0; K];
    for ((&value, mean), small) in row.iter().zip(mean).zip(basis) {
        let off = f64::from(value) - mean;
        z.iter_mut().zip(small).for_each(|(sum, weight)| *sum += off * weight);
    }
    for ((&value, mean), small) in row.iter().zip(mean).zip(product) {
        let off = f64::from(value) - mean;
        small.iter_mut().zip(&z).for_each(|(sum, z)| *sum += off * z);
    }
    for (small, &a) in ritz.iter_mut().zip(&z) {
        small.iter_mut().zip(&z).for_each(|(sum, b)| *sum += a * b);
    }
}

/// A row vector times a small matrix.
fn times(row: &Small, matrix: &[Small; K]) -> Small {
    let mut out = [0.0; K];
    for (&value, line) in row.iter().zip(matrix) {
        out.iter_mut().zip(line).for_each(|(sum, factor)| *sum += value * factor);
    }
    out
}

/// Make the columns orthonormal, the first first (Gram-Schmidt, twice, which is enough). A column without anything of
/// its own becomes zero: there are fewer dimensions than columns, or than directions in which rows differ.
fn orthonormalise(basis: &mut [Small]) {
    for column in 0..K {
        let before = column_dot(basis, column, column);
        for _ in 0..2 {
            for other in 0..column {
                let dot = column_dot(basis, other, column);
                for small in basis.iter_mut() {
                    let part = small.get(other).copied().unwrap_or(0.0) * dot;
                    if let Some(value) = small.get_mut(column) {
                        *value -= part;
                    }
                }
            }
        }
        let square = column_dot(basis, column, column);
        let scale = if square > before * 1e-24 && square > 0.0 { 1.0 / libm::sqrt(square) } else { 0.0 };
        for value in basis.iter_mut().filter_map(|small| small.get_mut(column)) {
            *value *= scale;
        }
    }
}

fn column_dot(basis: &[Small], a: usize, b: usize) -> f64 {
    basis.iter().filter_map(|small| Some(small.get(a)? * small.get(b)?)).sum()
}

/// Eigenvalues of a small symmetric matrix, largest first, and its eigenvectors as columns: Jacobi's method.
fn symmetric_eigen(matrix: [Small; K]) -> (Small, [Small; K]) {
    let at = |m: &[Small; K], i: usize, j: usize| m.get(i).and_then(|line| line.get(j)).copied().unwrap_or(0.0);
    let mut m = matrix;
    let mut v: [Small; K] = core::array::from_fn(|i| core::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }));
    let mut is_going = true;
    for _ in 0..30 {
        if !core::mem::take(&mut is_going) {
            break;
        }
        for p in 0..K {
            for q in p.saturating_add(1)..K {
                let off = at(&m, p, q);
                // As good as nothing beside the eigenvalues that it would mix.
                if off * off <= 1e-32 * (at(&m, p, p) * at(&m, q, q)).abs() {
                    continue;
                }
                is_going = true;
                let theta = (at(&m, q, q) - at(&m, p, p)) / (2.0 * off);
                let t = 1.0 / (theta.abs() + libm::sqrt(theta * theta + 1.0)) * if theta < 0.0 { -1.0 } else { 1.0 };
                let c = 1.0 / libm::sqrt(t * t + 1.0);
                let s = t * c;
                // m = Jt m J: columns, then rows; v = v J.
                for line in m.iter_mut().chain(v.iter_mut()) {
                    rotate(line, p, q, c, s);
                }
                for j in 0..K {
                    let mut column = [0.0; K];
                    column.iter_mut().zip(&m).for_each(|(out, line)| *out = line.get(j).copied().unwrap_or(0.0));
                    rotate(&mut column, p, q, c, s);
                    for (line, value) in m.iter_mut().zip(column) {
                        if let Some(place) = line.get_mut(j) {
                            *place = value;
                        }
                    }
                }
            }
        }
    }
    let mut order: [usize; K] = core::array::from_fn(|i| i);
    order.sort_by(|&a, &b| at(&m, b, b).total_cmp(&at(&m, a, a)));
    let values = order.map(|i| at(&m, i, i));
    let vectors = core::array::from_fn(|i| order.map(|j| at(&v, i, j)));
    (values, vectors)
}

/// Elements `p` and `q` turned: a c - b s, a s + b c.
fn rotate(line: &mut Small, p: usize, q: usize, c: f64, s: f64) {
    let (a, b) = (line.get(p).copied().unwrap_or(0.0), line.get(q).copied().unwrap_or(0.0));
    if let Some(place) = line.get_mut(p) {
        *place = a * c - b * s;
    }
    if let Some(place) = line.get_mut(q) {
        *place = a * s + b * c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[f32], d: usize) -> Axes {
        let mut axes = Axes::new(values, d, 1);
        while !axes.step(values) {}
        axes
    }

    #[test]
    fn a_small_matrix_is_taken_apart() {
        let mut random = SplitMix64(9);
        let half: [Small; K] = core::array::from_fn(|_| core::array::from_fn(|_| random.signed()));
        let m: [Small; K] = core::array::from_fn(|i| core::array::from_fn(|j| half[i][j] + half[j][i]));
        let (values, vectors) = symmetric_eigen(m);
        assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
        for k in 0..K {
            for line in 0..K {
                let image: f64 = (0..K).map(|j| m[line][j] * vectors[j][k]).sum();
                assert!((image - values[k] * vectors[line][k]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn axes_are_where_the_variance_is() {
        // Dimension 5 varies most, dimension 2 next; the others hardly.
        let mut random = SplitMix64(4);
        let weights = [0.1, 0.1, 3.0, 0.1, 0.1, 7.0, 0.1, 0.1, 0.1, 0.1, 0.1];
        #[allow(clippy::cast_possible_truncation)] // test data
        let values: Vec<f32> = (0..500 * 11).map(|i| (10.0 + random.signed() * weights[i % 11]) as f32).collect();
        let axes = found(&values, 11);
        assert!(axes.residual.unwrap() <= GOOD && axes.is_made, "{axes:?}");
        assert!(axes.basis[5][0] > 0.999 && axes.basis[2][1] > 0.999, "{:?}", axes.basis);
        // A uniform number from -w to w has the variance w^2 / 3.
        assert!((axes.explained[0] / (49.0 / 3.0) - 1.0).abs() < 0.1, "{:?}", axes.explained);
        let places = axes.places(&values);
        let along: f64 = places.iter().map(|place| place[0] * place[0]).sum::<f64>() / 499.0;
        assert!((along / axes.explained[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_axes_are_the_same_with_the_covariance_and_without() {
        for (n, d) in [(90, 40), (300, 128), (129, 128)] {
            let mut random = SplitMix64(6);
            #[allow(clippy::cast_possible_truncation)] // test data
            let values: Vec<f32> = (0..n * d).map(|i| (random.signed() / f64::from(i % d + 1)) as f32).collect();
            let d = usize::try_from(d).unwrap();
            let made = found(&values, d);
            let mut other = Axes { covariance: Vec::new(), ..Axes::new(&values, d, 1) };
            while !other.step(&values) {}
            assert!(made.is_made && !other.is_made);
            for (a, b) in made.places(&values).iter().flatten().zip(other.places(&values).iter().flatten()) {
                assert!((a - b).abs() < 1e-5, "{n} {d}: {a} {b}");
            }
        }
    }

    #[test]
    fn little_data_makes_a_map_too() {
        assert_eq!(found(&[], 3).places(&[]), Vec::<[f64; 2]>::new());
        assert_eq!(found(&[1.0, 2.0], 2).places(&[1.0, 2.0]), [[0.0; 2]]);
        let two = found(&[0.0, 0.0, 6.0, 8.0], 2);
        let places = two.places(&[0.0, 0.0, 6.0, 8.0]);
        assert!((places[0][0] + 5.0).abs() < 1e-9 && (places[1][0] - 5.0).abs() < 1e-9, "{places:?}");
        assert!(places[0][1].abs() < 1e-6 && (two.explained[0] - 50.0).abs() < 1e-9, "{places:?}");
        let one = found(&[1.0, 2.0, 6.0], 1);
        assert!((one.explained[0] - 7.0).abs() < 1e-9 && one.explained[1] == 0.0, "{one:?}");
        let same = found(&[3.0; 40], 4);
        assert_eq!((same.variance, same.residual), (0.0, None));
    }
}
