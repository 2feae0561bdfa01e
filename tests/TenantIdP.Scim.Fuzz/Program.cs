using System.Globalization;
using System.Text;
using SharpFuzz;

namespace TenantIdP.Scim.Fuzz;

/// <summary>
/// Feeds the kernel what nobody would write. By itself it needs nothing installed: seeded changes to the corpus, for a bounded time.
/// <code>
/// dotnet TenantIdP.Scim.Fuzz.dll [--seconds 15] [--seed N]     its own driver; ends with 1 and saves the input when something was wrong
/// dotnet TenantIdP.Scim.Fuzz.dll --input FILE                  judges one input again
/// </code>
/// With coverage as the guide, for hours (Debian's afl++, and the .NET tool SharpFuzz.CommandLine), in a copy of the folder of the built program:
/// <code>
/// dotnet TenantIdP.Scim.Fuzz.dll --flat flat                   all of the corpus in one folder, and dictionary.txt beside it
/// sharpfuzz TenantIdP.Scim.dll
/// AFL_SKIP_BIN_CHECK=1 afl-fuzz -i flat -o findings -t 10000 -m none -x dictionary.txt dotnet TenantIdP.Scim.Fuzz.dll --afl
/// </code>
/// With libFuzzer (libfuzzer-dotnet): --libfuzzer. What either finds is judged again by the program that was not instrumented.
/// </summary>
internal static class Program
{
    private const int DefaultSeed = 20261127;

    public static int Main(string[] args)
    {
        // An instrumented kernel may be touched only once a fuzzer has given it the memory to count in: the target is a static class, made at its first use.
        if (args.Contains("--afl"))
        {
            Fuzzer.OutOfProcess.Run(stream => Throw(Bytes(stream)));
            return 0;
        }

        if (args.Contains("--libfuzzer"))
        {
            Fuzzer.LibFuzzer.Run(bytes => Throw(bytes.ToArray()));
            return 0;
        }

        var corpus = Corpus.Read();
        if (Option(args, "--flat") is { } folder) return Flatten(corpus, folder);
        if (Option(args, "--input") is { } file) return Judge(File.ReadAllBytes(file));
        var seconds = int.Parse(Option(args, "--seconds") ?? "15", CultureInfo.InvariantCulture);
        var seed = ulong.Parse(Option(args, "--seed") ?? DefaultSeed.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return new Driver(corpus, seed).Run(TimeSpan.FromSeconds(seconds));
    }

    private static string? Option(string[] args, string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

    private static int Judge(byte[] input)
    {
        var outcome = FuzzTarget.Judge(input);
        Console.WriteLine(outcome.Problem ?? $"Nothing wrong; accepted {outcome.Accepted} time(s).");
        return outcome.Problem is null ? 0 : 1;
    }

    /// <summary>An unhandled exception is what both fuzzers take for a crash.</summary>
    private static void Throw(byte[] input)
    {
        if (FuzzTarget.Judge(input).Problem is { } problem) throw new InvalidOperationException(problem);
    }

    private static byte[] Bytes(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static int Flatten(Corpus corpus, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, bytes) in corpus.Inputs) File.WriteAllBytes(Path.Combine(folder, name.Replace('/', '-')), bytes);
        var words = Mutator.Words.Select(word => '"' + string.Concat(Encoding.UTF8.GetBytes(word).Select(b => string.Create(CultureInfo.InvariantCulture, $"\\x{b:X2}"))) + '"');
        File.WriteAllLines(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(folder)) ?? ".", "dictionary.txt"), words);
        return 0;
    }
}
