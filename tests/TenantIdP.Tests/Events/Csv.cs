using System.Text;

namespace TenantIdP.Tests.Events;

/// <summary>Reads RFC 4180, as a spreadsheet does.</summary>
internal static class Csv
{
    public static List<List<string>> Parse(string text)
    {
        var (rows, row, cell, quoted) = (new List<List<string>>(), new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"') cell.Append(text[++i]);
            else if (c == '"') quoted = !quoted;
            else if (!quoted && c == ',') EndCell();
            else if (!quoted && c == '\r') continue;
            else if (!quoted && c == '\n') EndRow();
            else cell.Append(c);
        }

        return rows;

        void EndCell()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }

        void EndRow()
        {
            EndCell();
            rows.Add(row);
            row = [];
        }
    }
}
