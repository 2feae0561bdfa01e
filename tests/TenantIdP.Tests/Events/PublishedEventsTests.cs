using System.Reflection;
using TenantIdP.Core.Events;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Events;

/// <summary>docs/events.md is a promise to whoever reads the feed.</summary>
public sealed class PublishedEventsTests
{
    [Fact]
    public void The_document_lists_exactly_the_types_of_events()
    {
        var listed = File.ReadLines(Path.Combine(SourceTree.Root, "docs", "events.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]).ToList();

        Assert.Equal(typeof(EventTypes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal)); // constants of text
    }
}
