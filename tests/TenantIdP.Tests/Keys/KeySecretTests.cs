using System.Diagnostics;
using TenantIdP.Core.Keys;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Keys;

public sealed class KeySecretTests
{
    [Fact]
    public void A_secret_is_found_by_its_form_and_told_by_its_checksum()
    {
        var secrets = Enumerable.Range(0, 500).Select(_ => KeySecret.New()).ToList();
        Assert.Equal(500, secrets.Distinct().Count());
        Assert.All(secrets, s => Assert.Matches("^tidp_key_[0-9A-Za-z]{49}$", s));
        Assert.All(secrets, s => Assert.True(KeySecret.IsWellFormed(s)));
        Assert.All(secrets, s => Assert.False(KeySecret.IsWellFormed(s[..^1] + (s[^1] == 'a' ? 'b' : 'a'))));
        Assert.All(secrets, s => Assert.False(KeySecret.IsWellFormed(s[..20] + (s[20] == 'a' ? 'b' : 'a') + s[21..])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tidp_key_")]
    [InlineData("tidp_key_é")]
    [InlineData("tidp_key_0000000000000000000000000000000000000000000000000")]
    [InlineData("tidp_secret_00000000000000000000000000000000000000000000000")]
    public void Anything_else_is_none(string text) => Assert.False(KeySecret.IsWellFormed(text));

    [Fact]
    public async Task The_published_check_agrees()
    {
        // The lines of docs/keys.md, run by their own interpreter.
        var page = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "keys.md"), TestContext.Current.CancellationToken);
        var start = page.IndexOf("```python\n", StringComparison.Ordinal) + "```python\n".Length;
        var script = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
        var secret = KeySecret.New();
        var wrong = secret[..12] + (secret[12] == 'x' ? 'y' : 'x') + secret[13..];

        using var python = Process.Start(new ProcessStartInfo("python3", ["-c", script + $"print(is_key('{secret}'), is_key('{wrong}'))"]) { RedirectStandardOutput = true })!; // it starts or throws
        Assert.Equal("True False", (await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
    }
}
