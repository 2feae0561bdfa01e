using System.Globalization;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Management;

/// <summary>Writes events one after the other, for programs as NDJSON and for spreadsheets as CSV (RFC 4180).</summary>
internal sealed record EventExport(string ContentType, string FileName, Func<IAsyncEnumerable<SealedEvent>, Stream, Task> WriteAsync)
{
    public static readonly Error FormatInvalid = new(ErrorKind.Invalid, "format_invalid", "A format is ndjson or csv.", "format");

    private const string Columns = "position,id,type,occurredAt,organizationId,actorKind,actorId,target,data,personal,traceId,hash\r\n";

    private static readonly EventExport Ndjson = new("application/x-ndjson", "events.ndjson", WriteNdjsonAsync);
    private static readonly EventExport Csv = new("text/csv; charset=utf-8", "events.csv", WriteCsvAsync);
    private static readonly JsonSerializerOptions Json = MakeJson();

    /// <returns>NDJSON when none is named, null for an unknown one.</returns>
    public static EventExport? Find(string? format) => format switch
    {
        null or "ndjson" => Ndjson,
        "csv" => Csv,
        _ => null,
    };

    /// <summary>A spreadsheet takes a cell that begins with one of these for a formula; the apostrophe makes it text.</summary>
    internal static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var safe = text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠' ? "'" + text : text;
        return safe.AsSpan().IndexOfAny("\",\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static async Task WriteNdjsonAsync(IAsyncEnumerable<SealedEvent> events, Stream body)
    {
        await using var text = Writer(body);
        await foreach (var found in events) await text.WriteAsync(JsonSerializer.Serialize(EventResponse.From(found), Json) + "\n");
    }

    private static async Task WriteCsvAsync(IAsyncEnumerable<SealedEvent> events, Stream body)
    {
        await using var text = Writer(body);
        await text.WriteAsync(Columns);
        await foreach (var found in events)
        {
            var e = EventResponse.From(found);
            string?[] cells =
            [
                e.Position.ToString(CultureInfo.InvariantCulture), e.Id.ToString(), e.Type, e.OccurredAt.ToString("O", CultureInfo.InvariantCulture), e.OrganizationId?.ToString(),
                JsonNamingPolicy.SnakeCaseLower.ConvertName(e.Actor.Kind.ToString()), e.Actor.Id, e.Target, found.Event.Data, found.Personal, e.TraceId, e.Hash,
            ];
            await text.WriteAsync(string.Join(',', cells.Select(Cell)) + "\r\n");
        }
    }

    private static StreamWriter Writer(Stream body) => new(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 16 * 1024, leaveOpen: true);

    private static JsonSerializerOptions MakeJson()
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ManagementEndpoints.Configure(json);
        return json;
    }
}
