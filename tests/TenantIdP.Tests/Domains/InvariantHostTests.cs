using System.Diagnostics;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>The same names in a process without ICU.</summary>
public sealed class InvariantHostTests
{
    [Fact]
    [Trait("Attack", "B8")]
    public async Task Names_are_the_same_without_the_tables_of_languages()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(InvariantHostTests).Assembly.Location, "-noColor", "-noLogo", "-class", typeof(InternationalHostTests).FullName!]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[InternationalHostTests.Expected] = "1";
        using var process = Process.Start(start)!; // dotnet runs this test
        var (said, wrong) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var output = await said + await wrong;

        Assert.True(process.ExitCode == 0, output);
        Assert.Matches(@"Total: [3-9]\d, Errors: 0, Failed: 0, Skipped: 0", output);
    }
}
