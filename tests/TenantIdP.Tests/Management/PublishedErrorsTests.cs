using System.Text;
using System.Text.RegularExpressions;
using TenantIdP.Server.Http;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>docs/errors.md is generated from the errors that the code declares, and a promise to integrators.</summary>
public sealed partial class PublishedErrorsTests
{
    private const string Rewrite = "TENANTIDP_WRITE_DOCS";

    private static readonly (string Source, string Title)[] First = [("EdgeProblems", "Every request"), ("ManagementErrors", "Who may call"), ("Paging", "Lists"), ("PageErrors", "Lists"), ("Sorting", "Lists"), ("FieldChoice", "Lists"), ("VersionErrors", "Versions"), ("NameErrors", "Names")];

    [Fact]
    public void The_document_lists_every_code_as_the_code_has_it()
    {
        var path = Path.Combine(SourceTree.Root, "docs", "errors.md");
        var expected = Render();
        if (Environment.GetEnvironmentVariable(Rewrite) == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path).ReplaceLineEndings("\n") == expected, $"docs/errors.md is not what the code says. Run this test with {Rewrite}=1 and commit what it writes.");
    }

    [Fact]
    public void A_code_is_snake_case_and_has_one_status_in_its_capability()
    {
        Assert.True(ErrorCatalogue.All.Count > 100, $"{ErrorCatalogue.All.Count} errors");
        Assert.All(ErrorCatalogue.All, e => Assert.Matches(Code(), e.Code));
        Assert.All(ErrorCatalogue.All, e => Assert.EndsWith(".", e.Message, StringComparison.Ordinal));
        Assert.Empty(ErrorCatalogue.All.GroupBy(e => (e.Owner, e.Code)).Where(same => same.Select(e => e.Status).Distinct().Count() > 1).Select(same => same.Key));
    }

    private static string Render()
    {
        var text = new StringBuilder("""
            # Errors
            Every refusal of the management API is a problem (RFC 9457, `application/problem+json`) with a stable `code`. Decide by the code; show `detail` to people; quote `traceId` when you ask for help.
            `field` names the member of the request that is at fault, where it is one. Codes are added over time; an existing one keeps its meaning. Where a code stands in several places, one sentence
            belongs to each. The OpenAPI document lists the codes of each operation. Pages and SCIM use the codes of the capabilities, too.

            """.ReplaceLineEndings("\n"));
        var sections = ErrorCatalogue.All.GroupBy(e => Title(e.Source)).OrderBy(s => Order(s.Key)).ThenBy(s => s.Key, StringComparer.Ordinal);
        foreach (var section in sections)
        {
            text.Append("\n## ").Append(section.Key).Append("\n| code | status | what it means and what to do |\n|---|---|---|\n");
            foreach (var code in section.OrderBy(e => e.Status).ThenBy(e => e.Code, StringComparer.Ordinal).GroupBy(e => (e.Code, e.Status)))
                text.Append("| `").Append(code.Key.Code).Append("` | ").Append(code.Key.Status).Append(" | ").AppendJoin(' ', code.Select(e => e.Message.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)).Distinct()).Append(" |\n");
        }

        return text.ToString();
    }

    private static int Order(string title) => Array.FindIndex(First, f => f.Title == title) is >= 0 and var known ? known : First.Length;

    private static string Title(string source) =>
        First.FirstOrDefault(f => f.Source == source).Title ?? Words().Replace(Suffix().Replace(source, ""), " $1");

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex Code();

    [GeneratedRegex("(Errors|Endpoints)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("(?<=[a-z])([A-Z])")]
    private static partial Regex Words();
}
