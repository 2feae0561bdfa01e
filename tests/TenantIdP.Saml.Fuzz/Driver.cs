using System.Diagnostics;

namespace TenantIdP.Saml.Fuzz;

/// <summary>The driver that needs nothing installed. Every input follows from the seed and its number alone.</summary>
internal sealed class Driver(FuzzTarget target, Corpus corpus, ulong seed)
{
    /// <summary>Far more than any input may take; the tests of costs are stricter, but not on a machine that does ten other things.</summary>
    private static readonly TimeSpan Hanging = TimeSpan.FromSeconds(10);

    public int Run(TimeSpan time)
    {
        Console.WriteLine($"{corpus.Inputs.Count} inputs in the corpus, seed {seed}, {time.TotalSeconds:0} s");
        foreach (var (name, bytes) in corpus.Inputs)
        {
            // The genuine ones must be believed as they are: a target that refuses everything finds nothing.
            var outcome = target.Judge(bytes);
            if ((outcome.Problem ?? Missing(name, outcome.Accepted)) is not { } wrong) continue;
            Console.WriteLine($"{name}: {wrong}");
            return 1;
        }

        var clock = Stopwatch.StartNew();
        var (tried, accepted) = (0UL, 0);
        for (; clock.Elapsed < time; tried++)
        {
            var input = new Mutator(seed, tried, corpus).Next();
            var start = clock.Elapsed;
            var outcome = target.Judge(input);
            var problem = outcome.Problem ?? (clock.Elapsed - start > Hanging ? $"It took {(clock.Elapsed - start).TotalSeconds:0.0} s." : null);
            if (problem is not null) return Save(input, tried, problem);
            accepted += outcome.Accepted;
        }

        Console.WriteLine($"{tried} tried, {accepted} of them believed with the identity they began with, nothing wrong");
        return 0;
    }

    private static string? Missing(string name, int accepted) => accepted == 0 && !name.StartsWith("hostile/", StringComparison.Ordinal) ? "A genuine input is refused." : null;

    private int Save(byte[] input, ulong number, string problem)
    {
        var folder = Path.Combine("artifacts", "fuzz");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{seed}-{number}.input");
        File.WriteAllBytes(path, input);
        Console.WriteLine($"Input {number} of seed {seed}: {problem}\nSaved as {path}; judge it again with --input {path}");
        return 1;
    }
}
