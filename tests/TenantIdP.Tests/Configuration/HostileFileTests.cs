using System.Diagnostics;
using System.Text;
using TenantIdP.Server.Configuration;
using Xunit;

namespace TenantIdP.Tests.Configuration;

/// <summary>A file is refused with its code and place before anything is opened, whatever is in it.</summary>
public sealed class HostileFileTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[], string, int> Files
    {
        get
        {
            var files = new TheoryData<string, byte[], string, int>();
            void Add(string what, string text, string code, int line) => files.Add(what, Encoding.UTF8.GetBytes(text), code, line);

            Add("nothing", "", "config_empty", 1);
            Add("no map", "- version: 1", "config_wrong_type", 1);
            Add("no version", "apis: {}", "config_version_unsupported", 1);
            Add("another version", "version: 2", "config_version_unsupported", 1);
            Add("a version as text", "version: \"1\"", "config_version_unsupported", 1);
            Add("lists 20,000 deep", "version: 1\napis: " + new string('[', 20_000), "config_too_deep", 2);
            Add("maps 20,000 deep", "version: 1\napis: " + string.Concat(Enumerable.Repeat("{a: ", 20_000)), "config_too_deep", 2);
            Add("maps 2,000 deep in lines", "version: 1\n" + string.Concat(Enumerable.Range(0, 2_000).Select(i => new string(' ', i) + "a:\n")), "config_too_deep", 49);
            Add("a million laughs", "version: 1\napis: &a {}\nroles: *a", "config_alias_refused", 2);
            Add("an alias to nothing", "version: 1\napis: *a", "config_alias_refused", 2);
            Add("a merge key", "version: 1\napis:\n  <<: {}", "config_alias_refused", 3);
            Add("a type to be made", "version: 1\napis: !System.IO.FileInfo {}", "config_tag_refused", 2);
            Add("a tag of the standard", "version: !!int \"1\"", "config_tag_refused", 1);
            Add("a directive", "%YAML 1.1\n---\nversion: 1", "config_directive_refused", 1);
            Add("two documents", "version: 1\n---\nversion: 1", "config_several_documents", 2);
            Add("a key twice", "version: 1\nroles: {}\nroles: {}", "config_duplicate_key", 3);
            Add("the same key in two writings", "version: 1\norganizations:\n  acme:\n    displayName: A\n    domains:\n      acme.example: {}\n      ACME.example: {}", "config_duplicate_key", 7);
            Add("the same name composed and decomposed", "version: 1\napps:\n  \"Caf\\u00e9\": {kind: web}\n  \"Cafe\\u0301\": {kind: web}", "config_duplicate_key", 4);
            Add("an unknown section", "version: 1\nusers: {}", "config_unknown_key", 2);
            Add("an unknown property", "version: 1\nroles:\n  billing: {permision: []}", "config_unknown_key", 3);
            Add("an unknown property of an organization", "version: 1\norganizations:\n  acme:\n    requireSSO: true", "config_unknown_key", 4);
            Add("a number for a name", "version: 1\nroles:\n  billing:\n    displayName: 1.0", "config_wrong_type", 4);
            Add("text for a flag", "version: 1\norganizations:\n  acme:\n    requireSso: yes", "config_wrong_type", 4);
            Add("an octal number", "version: 1\napis:\n  https://a.example: {accessTokenSeconds: 0o777}", "config_wrong_type", 3);
            Add("null for a name", "version: 1\nroles:\n  billing:\n    displayName:", "config_wrong_type", 4);
            Add("a key that is a number", "version: 1\nroles:\n  123: {}", "config_wrong_type", 3);
            Add("a key that is a map", "version: 1\nroles:\n  {a: b}: {}", "config_wrong_type", 3);
            Add("an entry twice", "version: 1\nroles:\n  billing: {permissions: [a:b, a:b]}", "config_duplicate_entry", 3);
            Add("a built-in role", "version: 1\nroles:\n  owner: {displayName: O}", "config_key_invalid", 3);
            Add("a slug that is none", "version: 1\norganizations:\n  Acme Inc: {displayName: A}", "config_key_invalid", 3);
            Add("a host that is none", "version: 1\norganizations:\n  acme:\n    domains:\n      127.0.0.1: {}", "config_key_invalid", 5);
            Add("a name that turns the line around", "version: 1\nroles:\n  billing: {displayName: \"a\\u202eb\"}", "config_name_invalid", 3);
            Add("U+0000 as an escape", "version: 1\norganizations:\n  acme: {externalId: \"a\\0b\"}", "config_text_invalid", 3);
            Add("null in metadata", "version: 1\norganizations:\n  acme:\n    metadata: {a: null}", "config_wrong_type", 4);
            Add("a secret in plain text", "version: 1\napps:\n  A: {kind: web, clientSecret: hunter2hunter2}", "config_secret_plain", 3);
            Add("a secret of both kinds", "version: 1\napps:\n  A: {kind: web, clientSecret: {env: A, file: b}}", "config_secret_plain", 3);
            foreach (var own in new[] { "TenantIdP__Encryption__Keys", "tenantidp__encryption__keys", "TenantIdP:Encryption:Keys", "ConnectionStrings__TenantIdP", "CONNECTIONSTRINGS:TenantIdP", "ASPNETCORE_TenantIdP__Encryption__Keys", "CUSTOMCONNSTR_TenantIdP" })
                Add($"the server's own {own}", "version: 1\napps:\n  A: {kind: web, clientSecret: {env: \"" + own + "\"}}", "config_secret_refused", 3);
            Add("a secret that is not set", "version: 1\napps:\n  A: {kind: web, clientSecret: {env: TIDP_TEST_NOT_SET}}", "config_secret_missing", 3);
            Add("a secret in no file", "version: 1\napps:\n  A: {kind: web, clientSecret: {file: no/such/file}}", "config_secret_missing", 3);
            Add("a certificate that is none", "version: 1\norganizations:\n  acme:\n    connections:\n      A: {kind: saml, saml: {certificates: [abc]}}", "config_certificate_invalid", 5);
            Add("U+0000 itself", "version: 1\nroles: {}\n\0", "config_control_character", 3);
            Add("an escape sequence of terminals", "version: 1\n# \u001b[2J", "config_control_character", 2);
            Add("no YAML", "version: 1\nroles: ]", "config_not_yaml", 2);
            Add("a map without end", "version: 1\nroles: {a", "config_not_yaml", 3);
            Add("a tab as indentation", "version: 1\nroles:\n\tbilling: {}", "config_not_yaml", 3);
            Add("a key without end", "version: 1\n\"" + new string('a', 100_000), "config_not_yaml", 2);
            files.Add("no UTF-8", [.. "version: 1\n# "u8, 0xC3, 0x28], "config_not_utf8", 2);
            files.Add("UTF-16", Encoding.Unicode.GetBytes("version: 1\n"), "config_control_character", 1);
            files.Add("6 MB", [.. Enumerable.Repeat((byte)'#', 6 * 1024 * 1024)], "config_too_large", 0);
            Add("a line of 4 MB", "version: 1\nroles: \"" + new string('a', 4 * 1024 * 1024) + "\"", "config_wrong_type", 2);
            return files;
        }
    }

    [Theory, MemberData(nameof(Files))]
    public async Task A_file_that_is_not_ours_is_refused_with_a_code_and_a_line_within_a_second(string what, byte[] content, string code, int line)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, content, Ct);
            var (answer, error) = (new StringWriter(), new StringWriter());
            var started = Stopwatch.GetTimestamp();

            var ended = await ConfigCommand.RunAsync(["plan", path], answer, error, null, Ct);

            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(1), $"{what} took {Stopwatch.GetElapsedTime(started)}");
            Assert.Equal((1, ""), (ended, answer.ToString()));
            Assert.Contains($"({code})", error.ToString(), StringComparison.Ordinal);
            Assert.Contains(line == 0 ? path : $"line {line}, column ", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain('\u001b', error.ToString());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("plan", "a", "b")]
    [InlineData("plan", "a", "--purne")]
    [InlineData("plan", "a", "--yes")]
    [InlineData("apply", "a", "--json")]
    [InlineData("apply", "a", "--urls")]
    [InlineData("export", "--prune")]
    [InlineData("export", "--organization")]
    public async Task A_misspelt_command_line_does_nothing_and_shows_how_it_goes(params string[] args)
    {
        var (answer, error) = (new StringWriter(), new StringWriter());

        Assert.Equal(1, await ConfigCommand.RunAsync(args, answer, error, null, Ct));
        Assert.StartsWith("Usage: plan FILE", error.ToString(), StringComparison.Ordinal);
    }
}
