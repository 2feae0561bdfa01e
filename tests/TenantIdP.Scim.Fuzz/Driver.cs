using System.Diagnostics;

namespace TenantIdP.Scim.Fuzz;

/// <summary>The driver that needs nothing installed. Every input follows from the seed and its number alone.</summary>
internal sealed class Driver(Corpus corpus, ulong seed)
{
    public int Run(TimeSpan time)
    {
        Console.WriteLine($"{corpus.Inputs.Count} inputs in the corpus, seed {seed}, {time.TotalSeconds:0} s");
        foreach (var (name, bytes) in corpus.Inputs)
        {
            // A target that refuses everything finds nothing.
            var outcome = FuzzTarget.Judge(bytes);
            var missing = outcome.Accepted == 0 && !name.StartsWith("hostile/", StringComparison.Ordinal) ? "An input that is good is refused." : null;
            if ((outcome.Problem ?? missing) is not { } wrong) continue;
            Console.WriteLine($"{name}: {wrong}");
            return 1;
        }

        var clock = Stopwatch.StartNew();
        var (tried, accepted) = (0UL, 0);
        for (; clock.Elapsed < time; tried++)
        {
            var input = new Mutator(seed, tried, corpus).Next();
            var outcome = FuzzTarget.Judge(input);
            if (outcome.Problem is { } problem) return Save(input, tried, problem);
            accepted += outcome.Accepted;
        }

        Console.WriteLine($"{tried} tried, accepted {accepted} times, nothing wrong");
        return 0;
    }

    private int Save(byte[] input, ulong number, string problem)
    {
        var folder = Path.Combine("artifacts", "fuzz");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"scim-{seed}-{number}.input");
        File.WriteAllBytes(path, input);
        Console.WriteLine($"Input {number} of seed {seed}: {problem}\nSaved as {path}; judge it again with --input {path}");
        return 1;
    }
}
